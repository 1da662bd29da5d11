# SPDX-License-Identifier: MIT OR Apache-2.0
"""CloudWatch Logs."""

from battery import PRESENT

API = "CloudWatch Logs API Reference, "


def probes(b):
    group = "/battery/web"
    b.probe("create a group with tags", "logs", "create_log_group", logGroupName=group, tags={"a": "1"}, source=API + "CreateLogGroup")
    b.probe("create it again", "logs", "create_log_group", logGroupName=group, refused="ResourceAlreadyExistsException", source=API + "CreateLogGroup, Errors")
    b.probe("a name with a space", "logs", "create_log_group", logGroupName="a b", refused="InvalidParameterException", source=API + "CreateLogGroup, logGroupName")
    b.probe("describe by prefix", "logs", "describe_log_groups", logGroupNamePrefix="/battery/",
            fields={"logGroups[0].logGroupName": group, "logGroups[0].creationTime": PRESENT, "logGroups[0].retentionInDays": None},
            source=API + "LogGroup")
    b.probe("both spellings of the ARN", "logs", "describe_log_groups", logGroupNamePrefix=group,
            fields={"logGroups[0].arn": f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*",
                    "logGroups[0].logGroupArn": f"arn:aws:logs:us-east-1:123456789012:log-group:{group}"},
            source=API + "LogGroup, arn and logGroupArn")
    b.probe("no group is no error", "logs", "describe_log_groups", logGroupNamePrefix="/nothing", fields={"logGroups": []}, source=API + "DescribeLogGroups")
    b.probe("set the retention", "logs", "put_retention_policy", logGroupName=group, retentionInDays=30, source=API + "PutRetentionPolicy")
    b.probe("the retention is told", "logs", "describe_log_groups", logGroupNamePrefix=group, fields={"logGroups[0].retentionInDays": 30}, source=API + "LogGroup")
    b.probe("a retention that is none of the allowed", "logs", "put_retention_policy", logGroupName=group, retentionInDays=31, refused="InvalidParameterException", source=API + "PutRetentionPolicy, retentionInDays")
    b.probe("the retention of nothing", "logs", "put_retention_policy", logGroupName="/nothing", retentionInDays=30, refused="ResourceNotFoundException", source=API + "PutRetentionPolicy, Errors")
    b.probe("no retention any more", "logs", "delete_retention_policy", logGroupName=group, source=API + "DeleteRetentionPolicy")
    b.probe("and none is told", "logs", "describe_log_groups", logGroupNamePrefix=group, fields={"logGroups[0].retentionInDays": None}, source=API + "LogGroup")
    arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{group}"
    b.probe("tags from the beginning", "logs", "list_tags_for_resource", resourceArn=arn, fields={"tags": {"a": "1"}}, source=API + "ListTagsForResource")
    b.probe("one more tag", "logs", "tag_resource", resourceArn=arn, tags={"b": "2"}, source=API + "TagResource")
    b.probe("one tag less", "logs", "untag_resource", resourceArn=arn, tagKeys=["a"], source=API + "UntagResource")
    b.probe("the tags now", "logs", "list_tags_for_resource", resourceArn=arn, fields={"tags": {"b": "2"}}, source=API + "ListTagsForResource")
    b.probe("create a stream", "logs", "create_log_stream", logGroupName=group, logStreamName="s", source=API + "CreateLogStream")
    b.probe("create the stream again", "logs", "create_log_stream", logGroupName=group, logStreamName="s", refused="ResourceAlreadyExistsException", source=API + "CreateLogStream, Errors")
    b.probe("a stream of nothing", "logs", "create_log_stream", logGroupName="/nothing", logStreamName="s", refused="ResourceNotFoundException", source=API + "CreateLogStream, Errors")
    b.probe("delete the group", "logs", "delete_log_group", logGroupName=group, source=API + "DeleteLogGroup")
    b.probe("delete it again", "logs", "delete_log_group", logGroupName=group, refused="ResourceNotFoundException", source=API + "DeleteLogGroup, Errors")
