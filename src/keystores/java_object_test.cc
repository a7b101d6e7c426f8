#include "keystores/java_object.h"

#include "keystores/jks_test_support.h"
#include "support/matchers.h"

namespace signet::keystores {
namespace {

using test::fails;
using test::is_ok;

// The sealed object of the last entry of keytool's store.
std::string sealed_object() {
  const std::string store = keytool_jceks();
  const std::size_t at = store.rfind("\xac\xed");
  return store.substr(at, store.size() - 20 - at);
}

Result<JavaObject> read(std::string_view stream) {
  JavaReader reader(as_bytes(stream));
  return read_java_object(reader);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(JavaObject, is_read_with_the_fields_of_its_superclass_and_no_byte_more) {
  const std::string stream = sealed_object() + "more";
  JavaReader reader(as_bytes(stream));
  const auto object = read_java_object(reader);
  ASSERT_THAT(object, is_ok());
  EXPECT_EQ(object->class_name, "com.sun.crypto.provider.SealedObjectForKeyProtector");
  EXPECT_EQ(object->field("encryptedContent").size(), 200U);
  EXPECT_EQ(object->field("encodedParams").size(), 16U);
  EXPECT_EQ(as_text(object->field("sealAlg")), "PBEWithMD5AndTripleDES");
  EXPECT_EQ(as_text(object->field("paramsAlg")), "PBEWithMD5AndTripleDES");
  EXPECT_TRUE(object->field("nothing").empty());
  EXPECT_EQ(as_text(reader.rest()), "more");
}

TEST(JavaObject, of_another_class_or_version_is_nothing_to_us) {
  const std::string good = sealed_object();
  EXPECT_THAT(read(replaced(good, "SealedObject", "HealedObject")),
              fails("keystore_secret_key_unknown"));
  EXPECT_THAT(read(replaced(good, "\xcd\x57\xca\x59", "\xcd\x57\xca\x58")),
              fails("keystore_secret_key_unknown"));
  EXPECT_THAT(read(replaced(good, "java/lang/String", "java/lang/Object")),
              fails("keystore_secret_key_unknown"));
  // Flags: it would write data of its own.
  EXPECT_THAT(read(replaced(good, std::string_view("\xbb\x53\x02\x00", 4),
                            std::string_view("\xbb\x53\x03\x00", 4))),
              fails("keystore_secret_key_unknown"));
}

TEST(JavaObject, sec_115_that_is_not_well_formed_is_refused) {
  const std::string good = sealed_object();
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(read(good.substr(0, size)).ok()) << size;
  }
  for (const char* bad : {"", "\xac\xed", "nothing of the kind"}) {
    EXPECT_THAT(read(bad), fails("keystore_malformed"));
  }
  // References to nothing, to a thing of another kind, and of a class to itself as its own parent.
  EXPECT_THAT(read(replaced(good, std::string_view("\x71\x00\x7e\x00\x02", 5),
                            std::string_view("\x71\x00\x7e\x00\x3f", 5))),
              fails("keystore_malformed"));
  EXPECT_THAT(read(replaced(good, std::string_view("\x71\x00\x7e\x00\x02", 5),
                            std::string_view("\x71\x00\x7e\x00\x00", 5))),
              fails("keystore_malformed"));
  const std::string head = good.substr(0, good.find("\x72\x00\x19", 8, 3));
  for (const char child : {'\0', '\1'}) {
    EXPECT_THAT(read(head + std::string("\x71\x00\x7e\x00", 4) + child),
                fails("keystore_malformed"));
  }
  // A length that the stream does not have.
  EXPECT_THAT(read(replaced(good, std::string_view("\x00\x00\x00\xc8", 4), "\xff\xff\xff\xff")),
              fails("keystore_malformed"));
}

TEST(JavaObject, nesting_and_numbers_are_bounded) {
  const std::string text("\x74\x00\x02[B", 5);
  std::string fields;
  for (int i = 0; i < 17; ++i)
    fields += std::string("[\x00\x01", 3) + "f" + text;
  const std::string head("\xac\xed\x00\x05\x73\x72\x00\x19javax.crypto.SealedObject", 33);
  const std::string version("\x3e\x36\x3d\xa6\xc3\xb7\x54\x70\x02\x00\x11", 11);
  EXPECT_THAT(read(head + version + fields + "\x78\x70"), fails("keystore_malformed"));
  const std::string deep(
      "\x72\x00\x19javax.crypto.SealedObject\x3e\x36\x3d\xa6\xc3\xb7\x54\x70\x02\x00\x00\x78", 40);
  std::string nested("\xac\xed\x00\x05\x73", 5);
  for (int i = 0; i < 1000; ++i)
    nested += deep;
  EXPECT_THAT(read(nested), fails("keystore_malformed"));
}

}  // namespace
}  // namespace signet::keystores
