// SPDX-License-Identifier: MIT OR Apache-2.0
use crate::sandbox::{testing::Account, timings::Timings};
use serde_json::{Value, json};
use std::time::Duration;

fn table(more: &Value) -> Value {
    let mut input = json!({
        "TableName": "people",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        input[key] = value.clone();
    }
    input
}

const NAME: fn() -> Value = || json!({"TableName": "people"});

#[test]
fn a_table_is_made_described_and_deleted() {
    let mut account = Account::with("dynamodb", Timings::aws_like());
    let made = account.ok(
        "CreateTable",
        &table(&json!({"Tags": [{"Key": "a", "Value": "1"}], "DeletionProtectionEnabled": true})),
    );
    assert_eq!(made["TableDescription"]["TableStatus"], "CREATING");
    assert_eq!(account.refused("DescribeTable", &NAME()), "ResourceNotFoundException", "not seen at once");
    account.wait(Duration::from_secs(2));
    assert_eq!(account.ok("DescribeTable", &NAME())["Table"]["TableStatus"], "CREATING");
    assert_eq!(account.refused("CreateTable", &table(&json!({}))), "ResourceInUseException");
    let recovery = json!({
        "TableName": "people", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true},
    });
    assert_eq!(
        account.refused("UpdateContinuousBackups", &recovery),
        "ContinuousBackupsUnavailableException"
    );
    account.wait(Duration::from_secs(20));
    account.ok("UpdateContinuousBackups", &recovery);
    let described = account.ok("DescribeTable", &NAME());
    assert_eq!(described["Table"]["TableStatus"], "ACTIVE");
    assert_eq!(described["Table"]["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST");
    let tags = account.ok("ListTagsOfResource", &json!({"ResourceArn": described["Table"]["TableArn"]}));
    assert_eq!(tags["Tags"][0]["Value"], "1");
    assert_eq!(account.refused("DeleteTable", &NAME()), "ValidationException");
    account.ok("UpdateTable", &json!({"TableName": "people", "DeletionProtectionEnabled": false}));
    assert_eq!(account.ok("DeleteTable", &NAME())["TableDescription"]["TableStatus"], "DELETING");
    assert_eq!(account.refused("CreateTable", &table(&json!({}))), "ResourceInUseException");
    account.wait(Duration::from_secs(10));
    assert_eq!(account.refused("DescribeTable", &NAME()), "ResourceNotFoundException");
}

#[test]
fn a_table_that_is_changing_takes_no_other_change() {
    let mut account = Account::with("dynamodb", Timings::aws_like());
    account.ok("CreateTable", &table(&json!({})));
    account.wait(Duration::from_secs(20));
    let class = |class| json!({"TableName": "people", "TableClass": class});
    account.ok("UpdateTable", &class("STANDARD_INFREQUENT_ACCESS"));
    assert_eq!(account.ok("DescribeTable", &NAME())["Table"]["TableStatus"], "UPDATING");
    assert_eq!(account.refused("UpdateTable", &class("STANDARD")), "ResourceInUseException");
    account.wait(Duration::from_secs(20));
    assert_eq!(account.refused("UpdateTable", &class("STANDARD_INFREQUENT_ACCESS")), "ValidationException");
    assert_eq!(account.refused("UpdateTable", &NAME()), "ValidationException");
}

#[test]
fn what_dynamodb_would_not_take_is_refused() {
    let mut account = Account::new("dynamodb");
    let attribute = |name| json!({"AttributeName": name, "AttributeType": "S"});
    for more in [
        json!({"TableName": "ab"}),
        json!({"TableName": "a b c"}),
        json!({"KeySchema": []}),
        json!({"KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}]}),
        json!({"AttributeDefinitions": [attribute("id"), attribute("unused")]}),
        json!({"BillingMode": "PROVISIONED"}),
        json!({"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}),
        json!({"StreamSpecification": {"StreamEnabled": true}}),
        json!({"Tags": [{"Key": "aws:x", "Value": ""}]}),
    ] {
        assert_eq!(account.refused("CreateTable", &table(&more)), "ValidationException", "{more}");
    }
}

#[test]
fn indexes_come_and_go_one_at_a_time() {
    let mut account = Account::new("dynamodb");
    account.ok("CreateTable", &table(&json!({})));
    let schema = json!([{"AttributeName": "role", "KeyType": "HASH"}]);
    let index = json!({"IndexName": "by-role", "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}});
    let attributes = json!([{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "role", "AttributeType": "S"}]);
    let create = json!({
        "TableName": "people", "AttributeDefinitions": attributes, "GlobalSecondaryIndexUpdates": [{"Create": index}],
    });
    account.ok("UpdateTable", &create);
    let described = account.ok("DescribeTable", &NAME());
    assert_eq!(described["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"], "ACTIVE");
    assert_eq!(described["Table"]["AttributeDefinitions"].as_array().map(Vec::len), Some(2));
    assert_eq!(account.refused("UpdateTable", &create), "ValidationException");
    let delete = json!({"Delete": {"IndexName": "by-role"}});
    let twice = json!({"TableName": "people", "GlobalSecondaryIndexUpdates": [delete, delete]});
    assert_eq!(account.refused("UpdateTable", &twice), "LimitExceededException");
    account.ok("UpdateTable", &json!({"TableName": "people", "GlobalSecondaryIndexUpdates": [delete]}));
    let described = account.ok("DescribeTable", &NAME());
    assert!(described["Table"].get("GlobalSecondaryIndexes").is_none());
    assert_eq!(described["Table"]["AttributeDefinitions"].as_array().map(Vec::len), Some(1));
}

fn put(id: &str, n: i64, condition: Option<&str>) -> Value {
    let mut input = json!({"TableName": "people", "Item": {"id": {"S": id}, "n": {"N": n.to_string()}}});
    if let Some(condition) = condition {
        input["ConditionExpression"] = condition.into();
    }
    input
}

#[test]
fn of_conditional_writes_the_first_wins() {
    let mut account = Account::new("dynamodb");
    account.ok("CreateTable", &table(&json!({})));
    account.ok("PutItem", &put("a", 1, Some("attribute_not_exists(id)")));
    let mut again = put("a", 2, Some("attribute_not_exists(id)"));
    again["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD".into();
    let refused = account.call("PutItem", &again);
    let error: Value = serde_json::from_slice(&refused.body).expect("JSON");
    assert_eq!(error["__type"], "ConditionalCheckFailedException");
    assert_eq!(error["Item"]["n"]["N"], "1");
    let got = account.ok("GetItem", &json!({"TableName": "people", "Key": {"id": {"S": "a"}}}));
    assert_eq!(got["Item"]["n"]["N"], "1");
}

#[test]
fn expressions_say_what_holds_and_what_becomes() {
    let mut account = Account::new("dynamodb");
    account.ok("CreateTable", &table(&json!({})));
    account.ok("PutItem", &put("a", 5, None));
    let update = |expression: &str, condition: &str, values: Value| {
        json!({
            "TableName": "people", "Key": {"id": {"S": "a"}}, "UpdateExpression": expression, "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#n": "n"}, "ExpressionAttributeValues": values, "ReturnValues": "ALL_NEW",
        })
    };
    let two = json!({":two": {"N": "2"}, ":tag": {"S": "x"}, ":none": {"L": []}});
    for (expression, condition, n) in [
        ("SET #n = #n + :two, tag = :tag", "#n = :two OR NOT (#n < :two)", "7"),
        ("SET #n = #n - :two", "begins_with(tag, :tag) AND #n BETWEEN :two AND #n", "5"),
        ("ADD #n :two REMOVE tag", "tag IN (:two, :tag) AND size(tag) < :two", "7"),
        (
            "SET kids = if_not_exists(kids, :none)",
            "attribute_not_exists(tag) AND attribute_type(#n, :kind)",
            "7",
        ),
    ] {
        let mut values = two.clone();
        values[":kind"] = json!({"S": "N"});
        let after = account.ok("UpdateItem", &update(expression, condition, values));
        assert_eq!(after["Attributes"]["n"]["N"], n, "{expression}: {after}");
    }
    for (expression, condition) in [
        ("SET #n = :two", "#n = :unknown"),
        ("SET #n :two", "#n = #n"),
        ("SET #x = :two", "#n = #n"),
        ("SET id = :tag", "#n = #n"),
        ("", "#n = #n"),
        ("SET #n = :two", "((((#n = #n"),
        ("SET #n = :two", "%"),
        ("SET", "#n = #n"),
    ] {
        let code = account.refused("UpdateItem", &update(expression, condition, two.clone()));
        assert_eq!(code, "ValidationException", "{expression} / {condition}");
    }
    let deep = format!("{}#n = #n{}", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(
        account.refused("UpdateItem", &update("SET #n = :two", &deep, two.clone())),
        "ValidationException"
    );
}

#[test]
fn a_transaction_is_all_or_nothing() {
    let mut account = Account::new("dynamodb");
    account.ok("CreateTable", &table(&json!({})));
    account.ok("PutItem", &put("a", 1, None));
    let items = json!([{"Put": put("b", 1, None)}, {"Put": put("a", 2, Some("attribute_not_exists(id)"))}]);
    assert_eq!(
        account.refused("TransactWriteItems", &json!({"TransactItems": items})),
        "TransactionCanceledException"
    );
    assert_eq!(account.ok("Scan", &NAME())["Count"], 1);
    account.ok(
        "TransactWriteItems",
        &json!({"TransactItems": [{"Put": put("b", 1, None)}, {"Put": put("c", 1, None)}]}),
    );
    assert_eq!(account.ok("Scan", &NAME())["Count"], 3);
    let first = account.ok("Scan", &json!({"TableName": "people", "Limit": 2}));
    let next = json!({"TableName": "people", "ExclusiveStartKey": first["LastEvaluatedKey"]});
    assert_eq!(account.ok("Scan", &next)["Count"], 1);
}

#[test]
fn expiry_is_not_changed_twice_in_an_hour() {
    let mut account = Account::with("dynamodb", Timings::aws_like());
    account.ok("CreateTable", &table(&json!({})));
    account.wait(Duration::from_secs(20));
    let expiry = |on| json!({"TableName": "people", "TimeToLiveSpecification": {"Enabled": on, "AttributeName": "gone"}});
    assert_eq!(account.refused("UpdateTimeToLive", &expiry(false)), "ValidationException");
    account.ok("UpdateTimeToLive", &expiry(true));
    assert_eq!(account.refused("UpdateTimeToLive", &expiry(true)), "ValidationException");
    assert_eq!(account.refused("UpdateTimeToLive", &expiry(false)), "ValidationException");
    account.wait(Duration::from_hours(2));
    account.ok("UpdateTimeToLive", &expiry(false));
}
