// SPDX-License-Identifier: MIT OR Apache-2.0
use super::*;
use crate::sandbox::testing::{Account, between};
use std::time::Duration;

const REFUSED: &str = "InvalidParameterException";

/// An account with `count` tagged log groups and a tagged security group, whose ARN is told.
fn account(count: usize) -> (Account, String) {
    let mut account = Account::new("logs");
    for n in 0..count {
        let tags = json!({"stack": "ohio", "n": n.to_string()});
        account.ok("CreateLogGroup", &json!({"logGroupName": format!("/hg/{n:03}"), "tags": tags}));
    }
    account.ok("CreateLogGroup", &json!({"logGroupName": "/untagged"}));
    let tags = json!([{"ResourceType": "security-group", "Tag": [{"Key": "stack", "Value": "texas"}]}]);
    let group = json!({"GroupName": "web", "GroupDescription": "d", "TagSpecification": tags});
    let made = account.at("ec2").xml("CreateSecurityGroup", &group);
    account.at("tagging");
    (account, between(&made, "<securityGroupArn>", "</securityGroupArn>").to_owned())
}

fn log_group(n: usize) -> String {
    format!("arn:aws:logs:us-east-1:123456789012:log-group:/hg/{n:03}")
}

fn listed(answer: &Value) -> Vec<String> {
    let mappings = answer["ResourceTagMappingList"].as_array().expect("a list");
    mappings.iter().filter_map(|mapping| mapping["ResourceARN"].as_str().map(str::to_owned)).collect()
}

#[test]
fn what_has_tags_is_found_by_them_and_by_its_type() {
    let (mut account, group) = account(2);
    let all = account.ok("GetResources", &json!({}));
    assert_eq!(listed(&all), [group.clone(), log_group(0), log_group(1)]);
    assert_eq!(all["PaginationToken"], "");
    for (input, found) in [
        (json!({"ResourceTypeFilters": ["ec2"]}), vec![group.clone()]),
        (json!({"ResourceTypeFilters": ["ec2:security-group"]}), vec![group.clone()]),
        (json!({"ResourceTypeFilters": ["ec2:security"]}), vec![]),
        (json!({"ResourceTypeFilters": ["logs:log-group", "ecs"]}), vec![log_group(0), log_group(1)]),
        (json!({"TagFilters": [{"Key": "stack", "Values": ["ohio"]}]}), vec![log_group(0), log_group(1)]),
        (
            json!({"TagFilters": [{"Key": "stack", "Values": ["ohio"]}, {"Key": "n", "Values": ["1"]}]}),
            vec![log_group(1)],
        ),
        (json!({"TagFilters": [{"Key": "stack", "Values": ["texas", "utah"]}]}), vec![group.clone()]),
        (json!({"TagFilters": [{"Key": "n"}]}), vec![log_group(0), log_group(1)]),
        (json!({"TagFilters": [{"Key": "N"}]}), vec![]),
        (json!({"ResourceARNList": [log_group(1), log_group(7)]}), vec![log_group(1)]),
    ] {
        assert_eq!(listed(&account.ok("GetResources", &input)), found, "{input}");
    }
    assert_eq!(account.ok("GetTagKeys", &json!({}))["TagKeys"], json!(["n", "stack"]));
    assert_eq!(account.ok("GetTagValues", &json!({"Key": "stack"}))["TagValues"], json!(["ohio", "texas"]));
}

#[test]
fn resources_come_in_pages_whose_tokens_grow_old() {
    let (mut account, _) = account(60);
    let first = account.ok("GetResources", &json!({}));
    assert_eq!(listed(&first).len(), 50);
    let next = json!({"PaginationToken": first["PaginationToken"]});
    assert_eq!(listed(&account.ok("GetResources", &next)).len(), 11);
    assert_eq!(listed(&account.ok("GetResources", &json!({"ResourcesPerPage": 100}))).len(), 61);
    // The security group has one tag, each log group two.
    assert_eq!(listed(&account.ok("GetResources", &json!({"TagsPerPage": 100}))).len(), 50);
    account.wait(Duration::from_mins(16));
    assert_eq!(account.refused("GetResources", &next), "PaginationTokenExpiredException");
    assert_eq!(account.refused("GetResources", &json!({"PaginationToken": "?"})), REFUSED);
}

#[test]
fn what_cannot_be_asked_together_is_refused() {
    let (mut account, group) = account(0);
    let many = |count: usize| (0..count).map(log_group).collect::<Vec<_>>();
    let keys: Vec<Value> = (0..51).map(|n| json!({"Key": n.to_string()})).collect();
    let values: Vec<String> = (0..21).map(|n| n.to_string()).collect();
    for input in [
        json!({"ResourceARNList": [group], "TagFilters": [{"Key": "a"}]}),
        json!({"ResourceARNList": [group], "ResourceTypeFilters": ["ec2"]}),
        json!({"ResourceARNList": [group], "ResourcesPerPage": 10}),
        json!({"ResourceARNList": many(101)}),
        json!({"ResourceARNList": []}),
        json!({"TagFilters": keys}),
        json!({"TagFilters": [{"Key": "a", "Values": values}]}),
        json!({"TagFilters": [{"Values": ["a"]}]}),
        json!({"ResourcesPerPage": 0}),
        json!({"ResourcesPerPage": 101}),
        json!({"TagsPerPage": 150}),
        json!({"ExcludeCompliantResources": true}),
    ] {
        assert_eq!(account.refused("GetResources", &input), REFUSED, "{input}");
    }
    for input in [
        json!({"ResourceARNList": many(21), "Tags": {"a": "1"}}),
        json!({"ResourceARNList": [group], "Tags": {}}),
        json!({"ResourceARNList": [group], "Tags": {"aws:a": "1"}}),
        json!({"ResourceARNList": ["web"], "Tags": {"a": "1"}}),
    ] {
        assert_eq!(account.refused("TagResources", &input), REFUSED, "{input}");
    }
    assert_eq!(account.refused("UntagResources", &json!({"ResourceARNList": [group]})), REFUSED);
}

#[test]
fn tags_are_set_by_the_service_of_each_resource_and_what_it_refuses_is_told() {
    let (mut account, group) = account(1);
    let absent = "arn:aws:ec2:us-east-1:123456789012:security-group/sg-0123456789abcdef0";
    let elsewhere = "arn:aws:ecs:eu-west-1:123456789012:cluster/main";
    let role = "arn:aws:iam::123456789012:role/web";
    let answer = account.ok(
        "TagResources",
        &json!({"ResourceARNList": [group, log_group(0), log_group(5), absent, elsewhere, role], "Tags": {"a": "1"}}),
    );
    let failed = answer["FailedResourcesMap"].as_object().expect("a map");
    let code = |arn: &str| failed[arn]["ErrorCode"].clone();
    assert_eq!(failed.len(), 4);
    assert_eq!((code(absent), code(elsewhere)), (json!("InvalidGroup.NotFound"), json!(REFUSED)));
    assert_eq!(
        (code(&log_group(5)), code(role)),
        (json!("ResourceNotFoundException"), json!("InternalServiceException"))
    );
    let tagged = json!({"TagFilters": [{"Key": "a", "Values": ["1"]}]});
    assert_eq!(listed(&account.ok("GetResources", &tagged)), [group, log_group(0)]);
}

#[test]
fn what_had_tags_is_listed_without_any_until_it_is_gone() {
    let (mut account, group) = account(1);
    let keys = json!({"ResourceARNList": [group, log_group(0)], "TagKeys": ["stack", "n", "absent"]});
    assert_eq!(account.ok("UntagResources", &keys)["FailedResourcesMap"], json!({}));
    let all = account.ok("GetResources", &json!({}));
    assert_eq!(listed(&all), [group.clone(), log_group(0)]);
    assert_eq!(all["ResourceTagMappingList"][1]["Tags"], json!([]));
    account.at("logs").ok("DeleteLogGroup", &json!({"logGroupName": "/hg/000"}));
    assert_eq!(listed(&account.at("tagging").ok("GetResources", &json!({}))), [group]);
}
