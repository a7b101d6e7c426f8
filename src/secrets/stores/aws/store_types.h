#pragma once
// The kinds of store on AWS, for the catalogue.

#include "secrets/stores/catalog.h"

namespace signet::secrets::aws {

StoreType secrets_manager_store_type();     ///< "aws_secrets_manager"
StoreType shared_certificate_store_type();  ///< "aws_shared_certificate"
StoreType kms_store_type();                 ///< "aws_kms"

}  // namespace signet::secrets::aws
