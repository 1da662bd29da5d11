# SPDX-License-Identifier: MIT OR Apache-2.0
"""DynamoDB: tables, their backups, expiry and tags; items and conditional writes."""

from battery import PRESENT

API = "DynamoDB API Reference, "
TABLE = "battery-people"
ARN = f"arn:aws:dynamodb:us-east-1:123456789012:table/{TABLE}"
KEY = {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
ON_DEMAND = {"BillingMode": "PAY_PER_REQUEST"}


def active(b, name=TABLE):
    b.until("Table.TableStatus", "ACTIVE", "dynamodb", "describe_table", TableName=name)


def probes(b):
    tables(b)
    refused_tables(b)
    settings(b)
    backups(b)
    items(b)
    ends(b)


def tables(b):
    b.probe("create a table", "dynamodb", "create_table", TableName=TABLE, **KEY, **ON_DEMAND, Tags=[{"Key": "a", "Value": "1"}],
            DeletionProtectionEnabled=True, SSESpecification={"Enabled": True, "SSEType": "KMS"},
            fields={"TableDescription.TableArn": ARN, "TableDescription.TableStatus": "CREATING", "TableDescription.TableId": PRESENT,
                    "TableDescription.CreationDateTime": PRESENT}, source=API + "CreateTable, TableStatus: a new table is CREATING")
    active(b)
    b.probe("create it again", "dynamodb", "create_table", TableName=TABLE, **KEY, **ON_DEMAND, refused="ResourceInUseException", source=API + "CreateTable, Errors")
    b.probe("the table as it was made", "dynamodb", "describe_table", TableName=TABLE,
            fields={"Table.TableStatus": "ACTIVE", "Table.KeySchema": KEY["KeySchema"], "Table.AttributeDefinitions": KEY["AttributeDefinitions"],
                    "Table.BillingModeSummary.BillingMode": "PAY_PER_REQUEST", "Table.DeletionProtectionEnabled": True,
                    "Table.SSEDescription.Status": "ENABLED", "Table.ProvisionedThroughput.ReadCapacityUnits": 0, "Table.ItemCount": 0},
            source=API + "TableDescription")
    b.probe("a table that is not there", "dynamodb", "describe_table", TableName="battery-none", refused="ResourceNotFoundException", source=API + "DescribeTable, Errors")
    b.probe("tags from the beginning", "dynamodb", "list_tags_of_resource", ResourceArn=ARN, fields={"Tags": [{"Key": "a", "Value": "1"}]}, source=API + "ListTagsOfResource")
    b.probe("tag the table", "dynamodb", "tag_resource", ResourceArn=ARN, Tags=[{"Key": "b", "Value": "2"}], source=API + "TagResource")
    b.probe("untag the table", "dynamodb", "untag_resource", ResourceArn=ARN, TagKeys=["a"], source=API + "UntagResource")
    b.probe("its tags now", "dynamodb", "list_tags_of_resource", ResourceArn=ARN, fields={"Tags": [{"Key": "b", "Value": "2"}]}, source=API + "ListTagsOfResource")
    b.probe("tag what is not there", "dynamodb", "tag_resource", ResourceArn=ARN + "-none", Tags=[{"Key": "b", "Value": "2"}], refused="ResourceNotFoundException", source=API + "TagResource, Errors")
    b.probe("delete a protected table", "dynamodb", "delete_table", TableName=TABLE, refused="ValidationException", source="DynamoDB Developer Guide, Using deletion protection")


def refused_tables(b):
    def wrong(name, **more):
        parameters = {"TableName": "battery-wrong", **KEY, **ON_DEMAND, **more}
        b.probe(name, "dynamodb", "create_table", refused="ValidationException", source=API + "CreateTable", **parameters)
        b.call("dynamodb", "delete_table", TableName=parameters["TableName"])

    wrong("a name of two characters", TableName="ab")
    wrong("a name with a space", TableName="a b c")
    wrong("a key that is not defined", KeySchema=[{"AttributeName": "other", "KeyType": "HASH"}])
    wrong("an attribute that is in no key", AttributeDefinitions=[*KEY["AttributeDefinitions"], {"AttributeName": "x", "AttributeType": "S"}])
    wrong("an attribute of no known type", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "X"}])
    wrong("provisioned without capacity", BillingMode="PROVISIONED")
    wrong("capacity on demand", ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})
    wrong("a stream without a view", StreamSpecification={"StreamEnabled": True})
    wrong("a range key before the hash", KeySchema=[{"AttributeName": "id", "KeyType": "RANGE"}])


def settings(b):
    b.probe("lift the protection", "dynamodb", "update_table", TableName=TABLE, DeletionProtectionEnabled=False,
            fields={"TableDescription.DeletionProtectionEnabled": False}, source=API + "UpdateTable")
    active(b)
    b.probe("an update of nothing", "dynamodb", "update_table", TableName=TABLE, refused="ValidationException", source=API + "UpdateTable: at least one change")
    b.probe("an update of what is not there", "dynamodb", "update_table", TableName="battery-none", DeletionProtectionEnabled=False, refused="ResourceNotFoundException", source=API + "UpdateTable, Errors")
    b.probe("a stream", "dynamodb", "update_table", TableName=TABLE, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            fields={"TableDescription.StreamSpecification.StreamViewType": "NEW_IMAGE", "TableDescription.LatestStreamArn": PRESENT}, source=API + "UpdateTable")
    active(b)
    b.probe("a stream where one is", "dynamodb", "update_table", TableName=TABLE, StreamSpecification={"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"},
            refused="ValidationException", source=API + "UpdateTable, StreamSpecification: a table that already has a stream")
    b.probe("no stream any more", "dynamodb", "update_table", TableName=TABLE, StreamSpecification={"StreamEnabled": False}, source=API + "UpdateTable")
    active(b)
    index = {"IndexName": "by-role", "KeySchema": [{"AttributeName": "role", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}
    attributes = [*KEY["AttributeDefinitions"], {"AttributeName": "role", "AttributeType": "S"}]
    b.probe("an index", "dynamodb", "update_table", TableName=TABLE, AttributeDefinitions=attributes, GlobalSecondaryIndexUpdates=[{"Create": index}],
            fields={"TableDescription.GlobalSecondaryIndexes[0].IndexName": "by-role"}, source=API + "UpdateTable")
    b.until("Table.GlobalSecondaryIndexes[0].IndexStatus", "ACTIVE", "dynamodb", "describe_table", TableName=TABLE)
    b.probe("the index is told", "dynamodb", "describe_table", TableName=TABLE,
            fields={"Table.GlobalSecondaryIndexes[0].IndexStatus": "ACTIVE", "Table.GlobalSecondaryIndexes[0].Projection.ProjectionType": "ALL",
                    "length(Table.AttributeDefinitions)": 2}, source=API + "GlobalSecondaryIndexDescription")
    b.probe("the index goes", "dynamodb", "update_table", TableName=TABLE, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-role"}}], source=API + "UpdateTable")
    b.until("Table.GlobalSecondaryIndexes", None, "dynamodb", "describe_table", TableName=TABLE)
    active(b)


def backups(b):
    off = {"PointInTimeRecoveryEnabled": False}
    status = "ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus"
    b.probe("no recovery at first", "dynamodb", "describe_continuous_backups", TableName=TABLE, fields={status: "DISABLED"}, source=API + "DescribeContinuousBackups")
    b.probe("recovery", "dynamodb", "update_continuous_backups", TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}, fields={status: "ENABLED"}, source=API + "UpdateContinuousBackups")
    b.probe("recovery is told", "dynamodb", "describe_continuous_backups", TableName=TABLE, fields={status: "ENABLED"}, source=API + "DescribeContinuousBackups")
    b.probe("recovery of what is not there", "dynamodb", "update_continuous_backups", TableName="battery-none", PointInTimeRecoverySpecification=off, refused="TableNotFoundException", source=API + "UpdateContinuousBackups, Errors")
    b.probe("backups of what is not there", "dynamodb", "describe_continuous_backups", TableName="battery-none", refused="TableNotFoundException", source=API + "DescribeContinuousBackups, Errors")
    b.probe("no expiry at first", "dynamodb", "describe_time_to_live", TableName=TABLE, fields={"TimeToLiveDescription.TimeToLiveStatus": "DISABLED"}, source=API + "DescribeTimeToLive")
    expiry = {"Enabled": True, "AttributeName": "gone"}
    b.probe("expiry", "dynamodb", "update_time_to_live", TableName=TABLE, TimeToLiveSpecification=expiry, fields={"TimeToLiveSpecification": expiry}, source=API + "UpdateTimeToLive")
    b.probe("expiry again", "dynamodb", "update_time_to_live", TableName=TABLE, TimeToLiveSpecification=expiry, refused="ValidationException", source=API + "UpdateTimeToLive")
    b.probe("expiry is told", "dynamodb", "describe_time_to_live", TableName=TABLE, fields={"TimeToLiveDescription.AttributeName": "gone"}, source=API + "TimeToLiveDescription")
    b.probe("expiry of what is not there", "dynamodb", "describe_time_to_live", TableName="battery-none", refused="ResourceNotFoundException", source=API + "DescribeTimeToLive, Errors")


def items(b):
    item = {"id": {"S": "a"}, "n": {"N": "1"}}
    first = {"TableName": TABLE, "Item": item, "ConditionExpression": "attribute_not_exists(id)"}
    b.probe("a conditional write", "dynamodb", "put_item", **first, source=API + "PutItem")
    b.probe("the same write again", "dynamodb", "put_item", **first, refused="ConditionalCheckFailedException", source=API + "PutItem, Errors")
    b.probe("the item", "dynamodb", "get_item", TableName=TABLE, Key={"id": {"S": "a"}}, ConsistentRead=True, fields={"Item": item}, source=API + "GetItem")
    b.probe("no item", "dynamodb", "get_item", TableName=TABLE, Key={"id": {"S": "z"}}, fields={"Item": None}, source=API + "GetItem: no Item element")
    b.probe("a key of another type", "dynamodb", "get_item", TableName=TABLE, Key={"id": {"N": "1"}}, refused="ValidationException", source=API + "GetItem")
    b.probe("an item without its key", "dynamodb", "put_item", TableName=TABLE, Item={"n": {"N": "1"}}, refused="ValidationException", source=API + "PutItem")
    count = {"TableName": TABLE, "Key": {"id": {"S": "a"}}, "UpdateExpression": "SET #n = #n + :one", "ConditionExpression": "#n = :one",
             "ExpressionAttributeNames": {"#n": "n"}, "ExpressionAttributeValues": {":one": {"N": "1"}}, "ReturnValues": "ALL_NEW"}
    b.probe("a counter", "dynamodb", "update_item", **count, fields={"Attributes.n.N": "2"}, source=API + "UpdateItem")
    b.probe("a counter that moved on", "dynamodb", "update_item", **count, refused="ConditionalCheckFailedException", source=API + "UpdateItem, Errors")
    b.probe("a condition that is no expression", "dynamodb", "put_item", TableName=TABLE, Item=item, ConditionExpression="no such thing (", refused="ValidationException", source=API + "PutItem")
    b.probe("a transaction that fails", "dynamodb", "transact_write_items", refused="TransactionCanceledException", source=API + "TransactWriteItems, Errors",
            TransactItems=[{"Put": {"TableName": TABLE, "Item": {"id": {"S": "b"}}}}, {"Put": first}])
    b.probe("nothing of it is there", "dynamodb", "scan", TableName=TABLE, Select="COUNT", fields={"Count": 1, "ScannedCount": 1}, source=API + "TransactWriteItems")
    b.probe("a query", "dynamodb", "query", TableName=TABLE, KeyConditionExpression="id = :a", ExpressionAttributeValues={":a": {"S": "a"}}, fields={"Count": 1, "Items[0].n.N": "2"}, source=API + "Query")
    b.probe("delete the item", "dynamodb", "delete_item", TableName=TABLE, Key={"id": {"S": "a"}}, ReturnValues="ALL_OLD", fields={"Attributes.n.N": "2"}, source=API + "DeleteItem")
    b.probe("an item in no table", "dynamodb", "get_item", TableName="battery-none", Key={"id": {"S": "a"}}, refused="ResourceNotFoundException", source=API + "GetItem, Errors")


def ends(b):
    b.probe("delete the table", "dynamodb", "delete_table", TableName=TABLE, fields={"TableDescription.TableStatus": "DELETING"}, source=API + "DeleteTable")
    b.until("Table", None, "dynamodb", "describe_table", TableName=TABLE)
    b.probe("delete it again", "dynamodb", "delete_table", TableName=TABLE, refused="ResourceNotFoundException", source=API + "DeleteTable, Errors")
