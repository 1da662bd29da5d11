// SPDX-License-Identifier: MIT OR Apache-2.0
use crate::sandbox::{
    testing::{Account, between},
    timings::Timings,
};
use serde_json::{Value, json};
use std::time::Duration;

const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/hg/web";

fn trust() -> String {
    let statement = json!({
        "Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole",
    });
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

fn allow(resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}]})
        .to_string()
}

fn role(more: &Value) -> Value {
    let mut input = json!({"RoleName": "web", "Path": "/hg/", "AssumeRolePolicyDocument": trust()});
    for (key, value) in more.as_object().into_iter().flatten() {
        input[key] = value.clone();
    }
    input
}

#[test]
fn a_role_is_made_once_and_its_name_is_taken_whatever_its_case() {
    let mut account = Account::new("iam");
    let made = account
        .xml("CreateRole", &role(&json!({"Tags": [{"Key": "a", "Value": "1"}], "Description": "d & e"})));
    assert_eq!(between(&made, "<Arn>", "</Arn>"), ROLE_ARN);
    assert!(between(&made, "<RoleId>", "</RoleId>").starts_with("AROA"));
    assert_eq!(account.refused("CreateRole", &role(&json!({"RoleName": "WEB"}))), "EntityAlreadyExists");
    let got = account.xml("GetRole", &json!({"RoleName": "web"}));
    assert!(got.contains("<Description>d &amp; e</Description>"), "{got}");
    assert!(got.contains("%22ecs-tasks.amazonaws.com%22"), "documents come percent-encoded: {got}");
    assert!(got.contains("<Key>a</Key><Value>1</Value>"), "{got}");
    assert_eq!(account.refused("GetRole", &json!({"RoleName": "nobody"})), "NoSuchEntity");
}

#[test]
fn what_iam_would_not_take_is_refused() {
    let mut account = Account::new("iam");
    for (more, code) in [
        (json!({"RoleName": "x".repeat(65)}), "ValidationError"),
        (json!({"RoleName": "a b"}), "ValidationError"),
        (json!({"Path": "hg"}), "ValidationError"),
        (json!({"MaxSessionDuration": 60}), "ValidationError"),
        (json!({"AssumeRolePolicyDocument": "{"}), "MalformedPolicyDocument"),
        (json!({"AssumeRolePolicyDocument": allow("*")}), "MalformedPolicyDocument"),
        (json!({"PermissionsBoundary": "arn:aws:iam::123456789012:policy/none"}), "NoSuchEntity"),
        (json!({"Tags": [{"Key": "aws:x", "Value": ""}]}), "InvalidInput"),
    ] {
        assert_eq!(account.refused("CreateRole", &role(&more)), code, "{more}");
    }
}

#[test]
fn a_role_goes_only_without_its_policies() {
    let mut account = Account::new("iam");
    account.ok("CreateRole", &role(&json!({})));
    let named = json!({"RoleName": "web", "PolicyName": "own", "PolicyDocument": allow("arn:aws:s3:::b/*")});
    account.ok("PutRolePolicy", &named);
    account.ok("PutRolePolicy", &named);
    let execution = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    let attached = json!({"RoleName": "web", "PolicyArn": execution});
    account.ok("AttachRolePolicy", &attached);
    account.ok("AttachRolePolicy", &attached);
    let web = json!({"RoleName": "web"});
    assert_eq!(account.refused("DeleteRole", &web), "DeleteConflict");
    account.ok("DetachRolePolicy", &attached);
    assert_eq!(account.refused("DetachRolePolicy", &attached), "NoSuchEntity");
    assert_eq!(account.refused("DeleteRole", &web), "DeleteConflict");
    account.ok("DeleteRolePolicy", &json!({"RoleName": "web", "PolicyName": "own"}));
    account.ok("DeleteRole", &web);
    assert_eq!(account.refused("DeleteRole", &web), "NoSuchEntity");
}

#[test]
fn policies_are_read_as_they_were_put() {
    let mut account = Account::new("iam");
    account.ok("CreateRole", &role(&json!({})));
    let put = |text: String| json!({"RoleName": "web", "PolicyName": "own", "PolicyDocument": text});
    for wrong in ["{".to_owned(), allow("b"), trust(), json!({"Statement": []}).to_string()] {
        assert_eq!(account.refused("PutRolePolicy", &put(wrong)), "MalformedPolicyDocument");
    }
    account.ok("PutRolePolicy", &put(allow("*")));
    let got = account.xml("GetRolePolicy", &json!({"RoleName": "web", "PolicyName": "own"}));
    let text = between(&got, "<PolicyDocument>", "</PolicyDocument>");
    let text = percent_encoding::percent_decode_str(text).decode_utf8().expect("text");
    assert_eq!(text, allow("*"));
    assert!(account.xml("ListRolePolicies", &json!({"RoleName": "web"})).contains("<member>own</member>"));
    let unknown = json!({"RoleName": "web", "PolicyArn": "arn:aws:iam::aws:policy/NoSuchPolicy"});
    assert_eq!(account.refused("AttachRolePolicy", &unknown), "NoSuchEntity");
}

#[test]
fn a_boundary_is_a_policy_that_cannot_be_deleted_meanwhile() {
    let mut account = Account::new("iam");
    account.ok("CreatePolicy", &json!({"PolicyName": "edge", "PolicyDocument": allow("*")}));
    let arn = "arn:aws:iam::123456789012:policy/edge";
    account.ok("CreateRole", &role(&json!({"PermissionsBoundary": arn})));
    assert!(account.xml("GetRole", &json!({"RoleName": "web"})).contains(arn));
    assert_eq!(account.refused("DeletePolicy", &json!({"PolicyArn": arn})), "DeleteConflict");
    account.ok("DeleteRolePermissionsBoundary", &json!({"RoleName": "web"}));
    account.ok("DeletePolicy", &json!({"PolicyArn": arn}));
}

#[test]
fn the_sweep_tells_everything_and_the_list_leaves_tags_out() {
    let mut account = Account::new("iam");
    for n in 0..5 {
        let name = format!("web-{n}");
        account.ok("CreateRole", &role(&json!({"RoleName": name, "Tags": [{"Key": "k", "Value": "v"}]})));
    }
    let list = account.xml("ListRoles", &json!({"PathPrefix": "/hg/", "MaxItems": 2}));
    assert!(list.contains("<IsTruncated>true</IsTruncated>") && !list.contains("<Tags>"), "{list}");
    let marker = between(&list, "<Marker>", "</Marker>").to_owned();
    let rest = account.xml("ListRoles", &json!({"PathPrefix": "/hg/", "Marker": marker}));
    assert_eq!(rest.matches("<RoleName>").count(), 3);
    let sweep = account.xml("GetAccountAuthorizationDetails", &json!({"Filter": ["Role"]}));
    assert_eq!(sweep.matches("<Key>k</Key>").count(), 5);
}

#[test]
fn a_new_role_cannot_be_assumed_at_once() {
    let mut account = Account::with("iam", Timings::aws_like());
    account.ok("CreateRole", &role(&json!({})));
    assert!(account.world.iam.has_role(ROLE_ARN));
    assert!(!account.world.iam.is_assumable_by_tasks(ROLE_ARN, account.now));
    account.wait(Duration::from_secs(10));
    assert!(account.world.iam.is_assumable_by_tasks(ROLE_ARN, account.now));
}
