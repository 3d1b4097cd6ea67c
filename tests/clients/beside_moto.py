"""The script of `test_moto.py`: moto for three services, simab for SageMaker and CloudWatch."""

from __future__ import annotations

import sys
import time

sys.path.append(sys.argv[1])  # behind: only what is not installed here comes from there

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from moto import mock_aws

from simab.aws import Account, NotRehearsable, simulated
from simab.scenario import load


def script() -> None:
    assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"
    role = boto3.client("iam").create_role(RoleName="serving", AssumeRolePolicyDocument="{}")
    storage = boto3.client("s3")
    storage.create_bucket(Bucket="models")
    storage.put_object(Bucket="models", Key="model.tar.gz", Body=b"weights")
    stored = storage.head_object(Bucket="models", Key="model.tar.gz")
    assert stored["LastModified"].year == 2026, stored["LastModified"]
    sagemaker = boto3.Session().client("sagemaker")
    for name in ("Variant1", "Variant2"):
        sagemaker.create_model(
            ModelName=name,
            PrimaryContainer={"Image": "own:1", "ModelDataUrl": "s3://models/model.tar.gz"},
            ExecutionRoleArn=role["Role"]["Arn"],
        )
    sagemaker.create_endpoint_config(
        EndpointConfigName="two",
        ProductionVariants=[
            {
                "VariantName": name,
                "ModelName": name,
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.xlarge",
                "InitialVariantWeight": 1,
            }
            for name in ("Variant1", "Variant2")
        ],
    )
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="two")
    while sagemaker.describe_endpoint(EndpointName="e")["EndpointStatus"] != "InService":
        time.sleep(30)
    answer = boto3.client("sagemaker-runtime").invoke_endpoint(EndpointName="e", Body=b"1,2")
    storage.put_object(Bucket="models", Key="answer", Body=answer["Body"].read())
    time.sleep(180)
    whole = TransferConfig(use_threads=False)
    storage.upload_file(__file__, "models", "script", Config=whole)
    with pytest.raises(NotRehearsable, match=r"concurrent\.futures"):
        storage.upload_file(__file__, "models", "script")
    later = storage.list_objects_v2(Bucket="models")["Contents"]
    ages = {each["Key"]: each["LastModified"] for each in later}
    assert (ages["answer"] - ages["model.tar.gz"]).total_seconds() > 400, ages
    metrics = boto3.client("cloudwatch").list_metrics(Namespace="AWS/SageMaker")["Metrics"]
    assert metrics
    with pytest.raises(ClientError, match="simab does not simulate ListPipelines"):
        sagemaker.list_pipelines()


account = simulated(Account(load("scenarios/churn.yaml"), seed=1))
outer, inner = (mock_aws(), account) if sys.argv[2] == "outside" else (account, mock_aws())
with outer, inner:
    script()
