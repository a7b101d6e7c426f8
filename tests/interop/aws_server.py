"""moto's AWS in a thread of this process, with IAM switched on as AWS does it.

moto checks signatures and evaluates policies, but gives every action the resource "*", so that no
policy for one secret ever matches. AWS evaluates GetSecretValue on the secret's own ARN, with its
random suffix, or on the bare name where there is no such secret; and CreateSecret on the name with a
suffix. That is added here; the verdict stays moto's.
"""

import json
import threading

import boto3
from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.secretsmanager import models as secrets_models
from moto.server import ThreadedMotoServer

ACCOUNT = "123456789012"
REGION = "eu-west-1"
ADMIN_POLICY = {"Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def documents_policy(prefix):
    """The policy of Indicium's document, as it stands there."""
    return {"Version": "2012-10-17",
            "Statement": [{"Sid": "VisualEditor0", "Effect": "Allow",
                           "Action": ["secretsmanager:GetSecretValue", "secretsmanager:CreateSecret"],
                           "Resource": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{prefix}-*"}]}


def resource_of(target, body):
    prefix = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
    if target == "secretsmanager.CreateSecret":
        return prefix + body["Name"] + "-AbCdEf"
    if target == "secretsmanager.GetSecretValue":
        secrets = secrets_models.secretsmanager_backends[ACCOUNT][REGION].secrets
        secret = secrets.get(body["SecretId"])
        return secret.arn if secret else prefix + body["SecretId"]
    return "*"


def patch():
    plain = ActionAuthenticatorMixin._authenticate_and_authorize_normal_action
    creating = threading.Lock()
    create = secrets_models.SecretsManagerBackend.create_secret

    def authorize(self, resource="*"):
        target = self.headers.get("X-Amz-Target", "")
        if target.startswith("secretsmanager."):
            resource = resource_of(target, json.loads(self.body))
        return plain(self, resource)

    def create_one(self, *arguments, **named):
        with creating:  # moto looks and then writes; AWS does both at once
            return create(self, *arguments, **named)

    ActionAuthenticatorMixin._authenticate_and_authorize_normal_action = authorize
    secrets_models.SecretsManagerBackend.create_secret = create_one


class Aws:
    """The server, its users, and clients for the judge."""

    def __init__(self):
        patch()
        self.server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self.server.start()
        self.url = "http://127.0.0.1:%d" % self.server.get_host_and_port()[1]
        self.admin_keys = ("testing", "testing")
        self.admin_keys = self.user("judge", ADMIN_POLICY)
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0  # from here on everybody is checked

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop()

    def client(self, service):
        return boto3.client(service, endpoint_url=self.url, region_name=REGION,
                            aws_access_key_id=self.admin_keys[0],
                            aws_secret_access_key=self.admin_keys[1])

    def user(self, name, policy):
        """A user with one policy; the keys to sign with."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=json.dumps(policy))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return made["AccessKeyId"], made["SecretAccessKey"]

    def environment(self, keys):
        """What a process needs to be that user here."""
        return {"PATH": "/usr/bin:/bin", "AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1],
                "AWS_REGION": REGION, "AWS_ENDPOINT_URL": self.url, "AWS_EC2_METADATA_DISABLED": "true"}
