// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;
use crate::{
    address::Kind,
    resource::{HasArn, Resource, Violations},
    stack::Stack,
    value::{Import, Join},
};
use serde_json::json;

fn problems(document: &PolicyDocument, usage: PolicyUse) -> String {
    let mut found = Violations::default();
    document.validate(usage, &mut found);
    found.to_string()
}

fn tenant() -> PolicyDocument {
    PolicyDocument::new()
        .statement(
            Statement::allow()
                .sid("Table")
                .actions(["dynamodb:Query", "dynamodb:GetItem"])
                .resource("arn:aws:dynamodb:us-east-1:123456789012:table/t")
                .condition_any("StringEquals", "aws:ResourceAccount", ["2", "1"]),
        )
        .statement(Statement::deny().action("*").resource("*").condition(
            "Bool",
            "aws:SecureTransport",
            "false",
        ))
}

#[test]
fn a_document_is_written_as_aws_writes_it() {
    assert_eq!(
        tenant().to_json(),
        Some(json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Table",
                    "Effect": "Allow",
                    "Action": ["dynamodb:Query", "dynamodb:GetItem"],
                    "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/t",
                    "Condition": {"StringEquals": {"aws:ResourceAccount": ["2", "1"]}}
                },
                {
                    "Effect": "Deny",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}}
                }
            ]
        }))
    );
}

#[test]
fn what_is_read_back_equals_what_was_written() {
    let who = Statement::allow()
        .service("ecs-tasks.amazonaws.com")
        .service("events.amazonaws.com")
        .aws("arn:aws:iam::123456789012:role/deploy")
        .principal(Principal::Federated("accounts.google.com".to_owned()))
        .not_action("sts:TagSession")
        .not_resource("arn:aws:s3:::a");
    for mut document in [tenant(), PolicyDocument::new().statement(who), PolicyDocument::new()] {
        let json = document.to_json().expect("known");
        document.normalize();
        assert_eq!(PolicyDocument::from_json(&json).expect("reads"), document);
        assert_eq!(json.to_string().parse::<PolicyDocument>().expect("reads"), document);
    }
}

#[test]
fn different_ways_to_write_a_document_are_equal() {
    let forms = [
        json!({"Version": "2012-10-17", "Statement": {
            "Sid": "", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "ecr:*",
            "Condition": {"Bool": {"aws:SecureTransport": true}}}}),
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": ["123456789012"]}, "Action": ["ecr:*", "ecr:*"],
            "Condition": {"Bool": {"aws:SecureTransport": ["true"]}}}]}),
    ];
    let [a, b] = forms.map(|json| PolicyDocument::from_json(&json).expect("reads"));
    assert_eq!(a, b);
    let anybody = [json!("*"), json!({"AWS": "*"}), json!({"AWS": ["*"]})].map(|principal| {
        let json = json!({"Statement": {"Effect": "Deny", "Principal": principal, "Action": "s3:*"}});
        PolicyDocument::from_json(&json).expect("reads")
    });
    assert!(anybody.iter().all(|document| document.statements[0].principals == [Principal::Any]));
    assert_eq!(anybody[0].version, PolicyVersion::V2008);
}

#[test]
fn what_is_no_document_is_refused_with_its_place() {
    let cases = [
        (json!([]), "document: must be an object"),
        (json!({"Version": "2020-01-01"}), "Version: must be 2012-10-17 or 2008-10-17"),
        (json!({"Statements": []}), "Statements: is not understood here"),
        (json!({"Statement": [{"Effect": "allow"}]}), "Statement.0.Effect: must be Allow or Deny"),
        (
            json!({"Statement": [{"Effect": "Deny", "Action": {}}]}),
            "Statement.0.Action: must be text or a list of texts",
        ),
        (
            json!({"Statement": [{"Effect": "Deny", "Principal": "me"}]}),
            "Statement.0.Principal: must be * or an object",
        ),
        (
            json!({"Statement": [{"Effect": "Deny", "Principal": {"Aws": "*"}}]}),
            "Statement.0.Principal.Aws: is not a type of principal",
        ),
        (
            json!({"Statement": [{"Effect": "Deny", "Condition": {"Bool": "x"}}]}),
            "Statement.0.Condition.Bool: must be an object",
        ),
    ];
    for (json, expected) in cases {
        let error = PolicyDocument::from_json(&json).expect_err("refused").to_string();
        assert_eq!(error, format!("not a policy document: {expected}"));
    }
    assert!("{".parse::<PolicyDocument>().expect_err("refused").to_string().contains("is not JSON"));
}

#[test]
fn a_document_with_references_is_recorded_as_data() {
    #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Table {}
    impl Resource for Table {
        const KIND: Kind = Kind::new("test.table");
        type Outputs = ();
    }
    impl HasArn for Table {}
    let mut stack = Stack::new("humangov".parse().expect("valid"), "california".parse().expect("valid"));
    let table = stack.add("main", Table {}).expect("added");
    let bucket = Import::<String>::new("humangov".parse().expect("valid"), "bucket");
    let mut document = PolicyDocument::new().statement(
        Statement::allow()
            .action("dynamodb:GetItem")
            .resource(table.get(Table::ARN))
            .resource(Join::new().text("arn:aws:s3:::").output(&bucket.into()).text("/*")),
    );
    document.normalize();
    assert_eq!((document.to_json(), document.size()), (None, None));
    let json = serde_json::to_value(&document).expect("writes");
    assert_eq!(
        json["statements"][0]["resources"],
        json!([{"$join": ["arn:aws:s3:::", {"$import": "humangov#bucket"}, "/*"]}, {"$ref": "test.table/main#arn"}])
    );
    assert_eq!(serde_json::from_value::<PolicyDocument>(json).expect("reads"), document);
    assert_eq!(problems(&document, PolicyUse::Identity), "");
}

#[test]
fn each_use_wants_its_own_parts() {
    let trust = PolicyDocument::new()
        .statement(Statement::allow().service("a.amazonaws.com").action("sts:AssumeRole"));
    let identity = PolicyDocument::new().statement(Statement::allow().action("s3:Get*").resource("*"));
    let bucket = PolicyDocument::new()
        .statement(Statement::deny().anybody().action("s3:*").resource("arn:aws:s3:::documents/*"));
    let all = [
        (PolicyUse::Trust, &trust),
        (PolicyUse::Identity, &identity),
        (PolicyUse::Bucket, &bucket),
        (PolicyUse::Repository, &trust),
    ];
    for (usage, document) in all {
        assert_eq!(problems(document, usage), "", "{usage:?}");
    }
    assert_eq!(
        problems(&identity, PolicyUse::Trust),
        "statements.0.principals: a statement of this policy has either principals or not_principals\n\
         statements.0.resources: a statement of this policy has no resources: what it is attached to says which\n\
         statements.0.actions: \"s3:Get*\" is not an action of sts, such as sts:AssumeRole"
    );
    assert!(problems(&trust, PolicyUse::Bucket).starts_with("statements.0.resources: a statement"));
    assert!(problems(&bucket, PolicyUse::Identity).starts_with("statements.0.principals: a statement"));
}

#[test]
fn what_iam_would_refuse_is_told() {
    let base = || Statement::allow().action("s3:GetObject").resource("*");
    let cases = [
        (
            Statement::allow().resource("*"),
            "actions: a statement of this policy has either actions or not_actions",
        ),
        (base().action("GetObject"), "actions: \"GetObject\" is not service:Action"),
        (base().action("s*:Get"), "actions: \"s*:Get\" is not service:Action"),
        (base().action("s3:Get Object"), "actions: \"s3:Get Object\" is not service:Action"),
        (base().resource("documents"), "resources: \"documents\" is neither an ARN nor *"),
        (base().sid("a b"), "sid: a statement's name has only A-Z, a-z and 0-9"),
        (
            base().condition("StringIs", "aws:x", "y"),
            "conditions: StringIs is not a relation; allowed are StringEquals,",
        ),
        (
            base().condition("Bool", "secure", "true"),
            "conditions: \"secure\" is not a key, such as aws:SourceAccount",
        ),
        (
            base().condition_any("StringLike", "aws:x", Vec::<String>::new()),
            "conditions: StringLike on aws:x has no values",
        ),
        (
            base().condition("StringLike", "aws:x", "1").condition("StringLike", "AWS:x", "2"),
            "conditions: StringLike on AWS:x is there twice",
        ),
    ];
    for (statement, expected) in cases {
        let text = problems(&PolicyDocument::new().statement(statement), PolicyUse::Identity);
        assert!(
            text.starts_with(&format!("statements.0.{expected}")) && !text.contains('\n'),
            "{expected}: {text}"
        );
    }
    let twice = PolicyDocument::new().statement(base().sid("A")).statement(base().sid("A"));
    assert_eq!(problems(&twice, PolicyUse::Identity), "statements.1.sid: A names another statement already");
    let odd = base()
        .condition("ForAnyValue:StringNotLikeIfExists", "s3:prefix", "x")
        .condition("Null", "aws:y", "true");
    assert_eq!(problems(&PolicyDocument::new().statement(odd), PolicyUse::Identity), "");
    for (principal, fine) in
        [("123456789012", true), ("1234", false), ("arn:aws:iam::123456789012:role/x", true)]
    {
        let trust =
            PolicyDocument::new().statement(Statement::allow().aws(principal).action("sts:AssumeRole"));
        assert_eq!(problems(&trust, PolicyUse::Trust).is_empty(), fine, "{principal}");
    }
    let trust = PolicyDocument::new().statement(Statement::allow().service("ECS").action("sts:AssumeRole"));
    assert!(problems(&trust, PolicyUse::Trust).contains("is not the name of a service"));
}

#[test]
fn a_document_that_is_too_long_is_refused() {
    let mut trust = Statement::allow().action("sts:AssumeRole");
    for i in 0..150 {
        trust = trust.aws(format!("{i:012}"));
    }
    let trust = PolicyDocument::new().statement(trust);
    let mut found = Violations::default();
    found.within("trust", |found| trust.validate(PolicyUse::Trust, found));
    let size = trust.size().expect("known");
    assert_eq!(found.to_string(), format!("trust: the policy has {size} characters; at most 2048"));
}
