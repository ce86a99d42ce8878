import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import botocore.exceptions
import pytest
from clients_of_the_sandbox import AwsAccount

FRESH = {
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "DelaySeconds",
    "LastModifiedTimestamp",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "QueueArn",
    "ReceiveMessageWaitTimeSeconds",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
}
FIFO = {"ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit"}
DLQ = {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:dead", "maxReceiveCount": 5}


def policy(principal="arn:aws:iam::437568002678:root", **more):
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": ["sqs:SendMessage", "sqs:GetQueueAttributes"],
        "Resource": "arn:aws:sqs:eu-west-1:123456789012:offers",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, **more}]})


def refused(call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_a_fresh_standard_queue_has_the_recorded_attributes(aws):
    found = aws.read(aws.queue())
    assert found.keys() == FRESH
    assert found["MaximumMessageSize"] == "1048576"
    assert found["SqsManagedSseEnabled"] == "true"
    assert found["CreatedTimestamp"].isdigit()
    assert found["LastModifiedTimestamp"].isdigit()


def test_a_fifo_queue_has_four_attributes_more(aws):
    found = aws.read(aws.queue("offers.fifo", FifoQueue="true"))
    assert found.keys() == FRESH | FIFO
    assert (found["FifoQueue"], found["ContentBasedDeduplication"]) == ("true", "false")


def test_a_policy_survives_other_changes(aws):
    queue = aws.queue(Policy=policy(), KmsMasterKeyId="alias/mine")
    before = aws.read(queue)
    aws.write(queue, VisibilityTimeout="31")
    after = aws.read(queue)
    assert {**after, "VisibilityTimeout": "30", "LastModifiedTimestamp": ""} == {
        **before,
        "LastModifiedTimestamp": "",
    }
    assert json.loads(after["Policy"]) == json.loads(policy())


def test_an_account_id_in_a_policy_comes_back_as_its_root_arn(sandbox, aws):
    queue = aws.queue(Policy=policy("437568002678"))
    assert json.loads(aws.read(queue)["Policy"]) == json.loads(policy())
    sandbox.settings(respellPolicies=False)
    aws.write(queue, Policy=policy(["437568002678"]))
    assert json.loads(aws.read(queue)["Policy"]) == json.loads(policy(["437568002678"]))


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        "[]",
        '{"Statement": []}',
        policy(Effect="Perhaps"),
        policy(Action=["sqs:SendMessage"] * 8),
        policy(Sid="x" * 8192),
    ],
)
def test_a_defective_policy_is_refused_without_a_reason(aws, text):
    queue = aws.queue()
    code, message = refused(lambda: aws.write(queue, Policy=text))
    assert code == "InvalidAttributeValue"
    assert message == "Invalid value for the parameter Policy."


@pytest.mark.parametrize("name", ["Nonsense", "QueueArn", "All", "FifoQueue"])
def test_an_unknown_attribute_is_refused_by_name(aws, name):
    queue = aws.queue()
    expected = ("InvalidAttributeName", f"Unknown Attribute {name}.")
    assert refused(lambda: aws.write(queue, **{name: "false"})) == expected
    assert refused(lambda: aws.queue("other", **{name: "false"})) == expected


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("DelaySeconds", 0, 900),
        ("KmsDataKeyReusePeriodSeconds", 60, 86400),
        ("MaximumMessageSize", 1024, 1048576),
        ("MessageRetentionPeriod", 60, 1209600),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43200),
    ],
)
def test_numbers_have_their_ranges(aws, name, least, most):
    queue = aws.queue()
    aws.write(queue, **{name: str(least)})
    aws.write(queue, **{name: str(most)})
    for value in (str(least - 1), str(most + 1), "", "many"):
        code, message = refused(lambda value=value: aws.write(queue, **{name: value}))
        assert code == "InvalidAttributeValue"
        assert message.startswith(f"Invalid value for the parameter {name}.")


def test_one_bad_value_refuses_the_whole_call(aws):
    queue = aws.queue()
    before = aws.read(queue)
    refused(lambda: aws.write(queue, DelaySeconds="5", VisibilityTimeout="-1"))
    assert aws.read(queue) == before


def test_fifo_attributes_are_refused_on_a_standard_queue(aws):
    queue = aws.queue()
    assert refused(lambda: aws.write(queue, ContentBasedDeduplication="false")) == (
        "InvalidAttributeName",
        "Unknown Attribute ContentBasedDeduplication.",
    )
    message = refused(lambda: aws.write(queue, DeduplicationScope="queue"))[1]
    assert "FifoQueue" in message


def test_a_fifo_queue_stays_one(aws):
    queue = aws.queue("offers.fifo", FifoQueue="true")
    aws.write(queue, FifoQueue="true")
    assert refused(lambda: aws.write(queue, FifoQueue="false"))[0] == "InvalidAttributeValue"


def test_high_throughput_needs_deduplication_by_group(aws):
    queue = aws.queue("offers.fifo", FifoQueue="true")
    limit = {"FifoThroughputLimit": "perMessageGroupId"}
    assert refused(lambda: aws.write(queue, **limit))[0] == "InvalidAttributeValue"
    aws.write(queue, DeduplicationScope="messageGroup", **limit)
    assert aws.read(queue)["FifoThroughputLimit"] == "perMessageGroupId"


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("offers.fifo", {}),
        ("offers", {"FifoQueue": "true"}),
        ("a.b", {}),
        ("n" * 81, {}),
        ("n" * 76 + ".fifo", {"FifoQueue": "true"}),
    ],
)
def test_name_and_kind_must_agree(aws, name, attributes):
    assert refused(lambda: aws.queue(name, **attributes))[0] == "InvalidParameterValue"


def test_the_longest_names_are_accepted(aws):
    aws.queue("n" * 80)
    aws.queue("n" * 75 + ".fifo", FifoQueue="true")


def test_encryption_is_one_of_three_states(aws):
    queue = aws.queue()
    aws.write(queue, KmsMasterKeyId="alias/mine")
    found = aws.read(queue)
    assert (found["KmsMasterKeyId"], found["SqsManagedSseEnabled"]) == ("alias/mine", "false")
    assert found["KmsDataKeyReusePeriodSeconds"] == "300"
    aws.write(queue, KmsMasterKeyId="")
    found = aws.read(queue)
    assert found.keys() == FRESH
    assert found["SqsManagedSseEnabled"] == "false"
    aws.write(queue, SqsManagedSseEnabled="true")
    assert aws.read(queue)["SqsManagedSseEnabled"] == "true"


def test_two_kinds_of_encryption_in_one_call_are_refused(aws):
    both = {"KmsMasterKeyId": "alias/mine", "SqsManagedSseEnabled": "true"}
    queue = aws.queue()
    assert refused(lambda: aws.write(queue, **both))[0] == "InvalidAttributeName"
    assert refused(lambda: aws.queue("other", **both))[0] == "InvalidAttributeName"
    aws.write(queue, KmsMasterKeyId="alias/mine")
    cleared = {"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"}
    assert refused(lambda: aws.write(queue, **cleared))[0] == "InvalidAttributeName"


def test_the_reuse_period_shows_only_beside_a_key(aws):
    queue = aws.queue(KmsDataKeyReusePeriodSeconds="600")
    assert "KmsDataKeyReusePeriodSeconds" not in aws.read(queue)
    aws.write(queue, KmsMasterKeyId="alias/mine")
    assert aws.read(queue)["KmsDataKeyReusePeriodSeconds"] == "600"


def test_a_dead_letter_queue_comes_first(aws):
    text = json.dumps(DLQ)
    code, message = refused(lambda: aws.queue(RedrivePolicy=text))
    assert code == "InvalidParameterValue"
    assert "does not exist" in message
    aws.queue("dead")
    assert json.loads(aws.read(aws.queue(RedrivePolicy=text))["RedrivePolicy"]) == DLQ
    fifo = {"FifoQueue": "true", "RedrivePolicy": text}
    assert refused(lambda: aws.queue("offers.fifo", **fifo))[0] == "InvalidParameterValue"


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "nonsense",
        json.dumps({"maxReceiveCount": 5}),
        json.dumps({**DLQ, "maxReceiveCount": 0}),
        json.dumps({**DLQ, "maxReceiveCount": 1001}),
    ],
)
def test_a_redrive_policy_needs_both_members(aws, text):
    aws.queue("dead")
    queue = aws.queue()
    assert refused(lambda: aws.write(queue, RedrivePolicy=text))[0] == "InvalidParameterValue"


def test_the_receive_count_comes_back_as_it_was_sent(aws):
    aws.queue("dead")
    queue = aws.queue(RedrivePolicy=json.dumps({**DLQ, "maxReceiveCount": "5"}))
    assert json.loads(aws.read(queue)["RedrivePolicy"])["maxReceiveCount"] == "5"
    sources = aws.sqs.list_dead_letter_source_queues(QueueUrl=aws.queue("dead"))
    assert sources["queueUrls"] == [queue]


def test_an_empty_text_clears(aws):
    aws.queue("dead")
    allow = json.dumps({"redrivePermission": "denyAll"})
    queue = aws.queue(RedrivePolicy=json.dumps(DLQ), Policy=policy(), RedriveAllowPolicy=allow)
    assert json.loads(aws.read(queue)["RedriveAllowPolicy"]) == json.loads(allow)
    aws.write(queue, RedrivePolicy="", Policy="", RedriveAllowPolicy="", KmsMasterKeyId="")
    assert aws.read(queue).keys() == FRESH


@pytest.mark.parametrize(
    "allow",
    [
        {"redrivePermission": "byQueue"},
        {"redrivePermission": "byQueue", "sourceQueueArns": []},
        {"redrivePermission": "byQueue", "sourceQueueArns": ["a"] * 11},
        {"redrivePermission": "allowAll", "sourceQueueArns": ["a"]},
        {"redrivePermission": "some"},
    ],
)
def test_source_queues_belong_to_by_queue_and_only_there(aws, allow):
    queue = aws.queue()
    text = json.dumps(allow)
    assert refused(lambda: aws.write(queue, RedriveAllowPolicy=text))[0] == "InvalidParameterValue"


def test_null_sources_are_dropped(aws):
    allow = {"redrivePermission": "allowAll", "sourceQueueArns": None}
    queue = aws.queue(RedriveAllowPolicy=json.dumps(allow))
    assert json.loads(aws.read(queue)["RedriveAllowPolicy"]) == {"redrivePermission": "allowAll"}


def test_creating_again_compares_what_is_sent_with_what_is(aws):
    queue = aws.queue(VisibilityTimeout="30", Policy=policy())
    assert aws.queue() == queue
    assert aws.queue(VisibilityTimeout="30", DelaySeconds="0") == queue
    assert aws.queue(Policy=json.dumps(json.loads(policy()), indent=2)) == queue
    aws.write(queue, VisibilityTimeout="31")
    code, message = refused(lambda: aws.queue(VisibilityTimeout="30"))
    assert code == "QueueAlreadyExists"
    assert "VisibilityTimeout" in message
    assert aws.queue(VisibilityTimeout="31") == queue


def test_tags_of_a_second_create_do_nothing(aws):
    aws.sqs.create_queue(QueueName="offers", tags={"a": "1"})
    queue = aws.sqs.create_queue(QueueName="offers", tags={"a": "2"})["QueueUrl"]
    assert aws.sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"a": "1"}


def test_a_deleted_name_rests(sandbox, aws):
    sandbox.settings(queueQuarantineSeconds=60)
    aws.sqs.delete_queue(QueueUrl=aws.queue())
    assert refused(aws.queue)[0] == "AWS.SimpleQueueService.QueueDeletedRecently"
    aws.queue("other")
    sandbox.settings(queueQuarantineSeconds=0)
    aws.queue()


def test_a_missing_queue_has_the_legacy_code(aws):
    code, message = refused(lambda: aws.sqs.get_queue_url(QueueName="none"))
    assert code == "AWS.SimpleQueueService.NonExistentQueue"
    assert message == "The specified queue does not exist."


def test_without_names_there_are_no_attributes(aws):
    queue = aws.queue()
    assert "Attributes" not in aws.sqs.get_queue_attributes(QueueUrl=queue)
    names = ["DelaySeconds", "Policy", "KmsDataKeyReusePeriodSeconds"]
    found = aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    assert found["Attributes"] == {"DelaySeconds": "0"}


def test_without_tags_the_key_is_missing(aws):
    queue = aws.queue()
    assert "Tags" not in aws.sqs.list_queue_tags(QueueUrl=queue)
    aws.sqs.tag_queue(QueueUrl=queue, Tags={"a": ""})
    assert aws.sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"a": ""}
    aws.sqs.untag_queue(QueueUrl=queue, TagKeys=["a", "b"])
    assert "Tags" not in aws.sqs.list_queue_tags(QueueUrl=queue)


def test_reserved_tags_are_refused(aws):
    queue = aws.queue()
    code, _ = refused(lambda: aws.sqs.tag_queue(QueueUrl=queue, Tags={"aws:x": "1"}))
    assert code == "InvalidParameterValue"


def test_permission_edits_the_policy_in_the_old_version(aws):
    queue = aws.queue()
    wish = {"QueueUrl": queue, "AWSAccountIds": ["437568002678"]}
    aws.sqs.add_permission(Label="one", Actions=["SendMessage"], **wish)
    found = json.loads(aws.read(queue)["Policy"])
    arn = "arn:aws:sqs:eu-west-1:123456789012:offers"
    assert found == {
        "Version": "2008-10-17",
        "Id": f"{arn}/SQSDefaultPolicy",
        "Statement": [
            {
                "Sid": "one",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::437568002678:root"},
                "Action": "SQS:SendMessage",
                "Resource": arn,
            }
        ],
    }
    aws.write(queue, DelaySeconds="1")
    assert json.loads(aws.read(queue)["Policy"]) == found
    aws.sqs.remove_permission(QueueUrl=queue, Label="one")
    assert "Policy" not in aws.read(queue)


def test_permission_can_be_added_to_statements_without_a_label(aws):
    queue = aws.queue(Policy=policy())
    wish = {"QueueUrl": queue, "AWSAccountIds": ["210987654321"], "Actions": ["SendMessage"]}
    aws.sqs.add_permission(Label="one", **wish)
    assert len(json.loads(aws.read(queue)["Policy"])["Statement"]) == 2


def test_the_tagging_api_lists_what_was_ever_tagged(aws):
    aws.queue("never")
    once = aws.queue("once")
    aws.sqs.tag_queue(QueueUrl=once, Tags={"a": "1"})
    aws.sqs.untag_queue(QueueUrl=once, TagKeys=["a"])
    aws.sqs.tag_queue(QueueUrl=aws.queue("now"), Tags={"a": "1", "b": "2"})
    found = aws.resourcegroupstaggingapi.get_resources(ResourceTypeFilters=["sqs"])
    arns = [item["ResourceARN"].rpartition(":")[2] for item in found["ResourceTagMappingList"]]
    assert arns == ["once", "now"]
    wish = [{"Key": "a", "Values": ["1", "2"]}, {"Key": "b"}]
    found = aws.resourcegroupstaggingapi.get_resources(TagFilters=wish)
    [item] = found["ResourceTagMappingList"]
    assert item["Tags"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]


def test_the_tagging_api_pages(aws):
    for number in range(5):
        aws.sqs.create_queue(QueueName=f"q{number}", tags={"a": "1"})
    pages = aws.resourcegroupstaggingapi.get_paginator("get_resources").paginate(
        ResourceTypeFilters=["sqs"], PaginationConfig={"PageSize": 2}
    )
    assert [len(page["ResourceTagMappingList"]) for page in pages] == [2, 2, 1]


def test_the_tagging_api_can_lag(sandbox, aws):
    old = aws.sqs.create_queue(QueueName="old", tags={"a": "1"})["QueueUrl"]
    sandbox.settings(taggingLagSeconds=1000)
    aws.sqs.delete_queue(QueueUrl=old)
    aws.sqs.create_queue(QueueName="new", tags={"a": "1"})
    found = aws.resourcegroupstaggingapi.get_resources(ResourceTypeFilters=["sqs"])
    [item] = found["ResourceTagMappingList"]
    assert item["ResourceARN"].endswith(":old")


def test_queues_are_listed_by_literal_prefix_and_in_pages(aws):
    for name in ("a-1", "a-2", "b-1"):
        aws.queue(name)
    assert len(aws.sqs.list_queues(QueueNamePrefix="a-")["QueueUrls"]) == 2
    assert "QueueUrls" not in aws.sqs.list_queues(QueueNamePrefix=".")
    assert "QueueUrls" not in aws.sqs.list_queues(QueueNamePrefix="A", MaxResults=10)
    assert "NextToken" not in aws.sqs.list_queues()
    page = aws.sqs.list_queues(MaxResults=2)
    rest = aws.sqs.list_queues(MaxResults=2, NextToken=page["NextToken"])
    assert (len(page["QueueUrls"]), len(rest["QueueUrls"])) == (2, 1)


def test_accounts_and_regions_are_apart(sandbox, aws):
    queue = aws.queue()
    assert queue == f"{sandbox.url}/123456789012/offers"
    for account, region in (("210987654321", "eu-west-1"), ("123456789012", "us-east-1")):
        other = AwsAccount(sandbox.url, account, region)
        assert "QueueUrls" not in other.sqs.list_queues()
        assert other.queue() == f"{sandbox.url}/{account}/offers"
        assert other.sts.get_caller_identity()["Account"] == account
        other.close()
    assert sandbox.state()["aws"].keys() == {"123456789012", "210987654321"}
    assert sandbox.state()["aws"]["123456789012"].keys() == {"eu-west-1", "us-east-1"}


def test_an_assumed_role_works_in_its_own_account(sandbox, aws):
    role = "arn:aws:iam::210987654321:role/reconciler"
    key = aws.sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]["AccessKeyId"]
    other = AwsAccount(sandbox.url, key)
    assert "/210987654321/" in other.queue()
    other.close()


def test_a_call_goes_to_the_queue_even_after_a_host_change(sandbox, aws):
    aws.queue()
    elsewhere = "https://sqs.eu-west-1.amazonaws.com/123456789012/offers"
    assert aws.read(elsewhere).keys() == FRESH


def test_the_legacy_protocol_is_served_too(sandbox, http, aws):
    aws.queue()
    credential = "Credential=123456789012/20200101/eu-west-1/sqs/aws4_request"
    answer = http.request(
        "POST",
        f"{sandbox.url}/",
        fields={"Action": "GetQueueUrl", "QueueName": "offers", "Version": "2012-11-05"},
        encode_multipart=False,
        headers={"Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=x, Signature=x"},
    )
    assert f"<QueueUrl>{sandbox.url}/123456789012/offers</QueueUrl>" in answer.data.decode()
    assert sandbox.calls()[-1]["operation"] == "GetQueueUrl"


def test_a_queue_url_of_another_account_names_no_queue_of_mine(sandbox, aws):
    aws.queue()
    foreign = f"{sandbox.url}/210987654321/offers"
    call = aws.sqs.delete_queue
    code = refused(lambda: call(QueueUrl=foreign))[0]
    assert code == "AWS.SimpleQueueService.NonExistentQueue"
    assert aws.sqs.list_queues()["QueueUrls"]


def test_changes_can_show_late(sandbox, aws):
    sandbox.settings(lagReads={"queueCreated": 1, "queueUpdated": 2, "queueDeleted": 2})
    queue = aws.queue()
    assert refused(lambda: aws.read(queue))[0] == "AWS.SimpleQueueService.NonExistentQueue"
    assert aws.read(queue)["DelaySeconds"] == "0"
    aws.write(queue, DelaySeconds="5")
    assert [aws.read(queue)["DelaySeconds"] for _ in range(3)] == ["0", "0", "5"]
    aws.sqs.delete_queue(QueueUrl=queue)
    assert aws.sqs.list_queues()["QueueUrls"] == [queue]
    assert aws.read(queue)["DelaySeconds"] == "5"
    assert "QueueUrls" not in aws.sqs.list_queues()


def test_messages_go_in_and_out(aws):
    queue = aws.queue()
    aws.sqs.send_message(QueueUrl=queue, MessageBody="hello")
    assert aws.read(queue)["ApproximateNumberOfMessages"] == "1"
    [message] = aws.sqs.receive_message(QueueUrl=queue)["Messages"]
    aws.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    aws.sqs.purge_queue(QueueUrl=queue)
    assert aws.read(queue)["ApproximateNumberOfMessages"] == "0"


def age_of(aws, queue):
    metric = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": queue}],
    }
    stat = {"Metric": metric, "Period": 60, "Stat": "Maximum"}
    now = datetime.now(UTC)
    [found] = aws.cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "age", "MetricStat": stat}],
        StartTime=now - timedelta(minutes=15),
        EndTime=now,
    )["MetricDataResults"]
    return found["Values"]


def test_cloudwatch_tells_the_age_of_the_oldest_message(sandbox, aws):
    sandbox.settings(messageAgeSeconds=7200)
    url = aws.queue()
    assert age_of(aws, "offers") == []
    aws.sqs.send_message(QueueUrl=url, MessageBody="x")
    [age] = age_of(aws, "offers")
    assert 7200 <= age < 7260
    assert age_of(aws, "other") == []


def test_denied_actions_are_refused_and_simulated_as_denied(sandbox, aws):
    sandbox.settings(awsDenied=["sqs:DeleteQueue", "cloudwatch:GetMetricData"])
    url = aws.queue()
    assert refused(lambda: aws.sqs.delete_queue(QueueUrl=url))[0] == "AccessDenied"
    assert refused(lambda: age_of(aws, "offers"))[0] == "AccessDenied"
    found = aws.iam.simulate_principal_policy(
        PolicySourceArn="arn:aws:iam::123456789012:user/someone",
        ActionNames=["sqs:DeleteQueue", "sqs:TagQueue"],
        ResourceArns=["arn:aws:sqs:eu-west-1:123456789012:offers"],
    )["EvaluationResults"]
    assert [(it["EvalActionName"], it["EvalDecision"]) for it in found] == [
        ("sqs:DeleteQueue", "implicitDeny"),
        ("sqs:TagQueue", "allowed"),
    ]


def test_the_date_of_answers_can_be_ahead(sandbox, aws):
    sandbox.settings(clockSkewSeconds=3600)
    answer = aws.sts.get_caller_identity()
    date = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    assert date - datetime.now(UTC) > timedelta(minutes=59)
