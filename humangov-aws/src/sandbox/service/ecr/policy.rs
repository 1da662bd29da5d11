// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lifecycle policies and permissions of repositories.

use super::{
    lifecycle,
    refusal::{invalid, required},
    repository::{Repository, named},
};
use crate::sandbox::{
    error::ApiError,
    wire::Input,
    world::{Cx, epoch},
};
use serde_json::Value;
use std::ops::RangeInclusive;

/// A sort of policy, of which a repository has one or none.
struct Sort {
    /// The member of its text.
    member: &'static str,
    length: RangeInclusive<usize>,
    missing: &'static str,
    what: &'static str,
    of: fn(&mut Repository) -> &mut Option<String>,
}

const LIFECYCLE: Sort = Sort {
    member: "lifecyclePolicyText",
    length: 100..=30_720,
    missing: "LifecyclePolicyNotFoundException",
    what: "Lifecycle policy",
    of: |repository| &mut repository.lifecycle,
};

const PERMISSIONS: Sort = Sort {
    member: "policyText",
    length: 0..=10_240,
    missing: "RepositoryPolicyNotFoundException",
    what: "Repository policy",
    of: |repository| &mut repository.policy,
};

/// Executes an operation, if it is one of these.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "PutLifecyclePolicy" => put(cx, input, &LIFECYCLE),
        "GetLifecyclePolicy" => get(cx, input, &LIFECYCLE).map(|answer| evaluated(cx, answer)),
        "DeleteLifecyclePolicy" => delete(cx, input, &LIFECYCLE).map(|answer| evaluated(cx, answer)),
        "SetRepositoryPolicy" => put(cx, input, &PERMISSIONS),
        "GetRepositoryPolicy" => get(cx, input, &PERMISSIONS),
        "DeleteRepositoryPolicy" => delete(cx, input, &PERMISSIONS),
        _ => return None,
    })
}

fn put(cx: &mut Cx<'_>, input: Input<'_>, sort: &Sort) -> Result<Value, ApiError> {
    let account = cx.account;
    let text = required(input, sort.member)?;
    if !sort.length.contains(&text.chars().count()) {
        let (least, most) = sort.length.clone().into_inner();
        return Err(invalid(sort.member, &format!("Member must have length between {least} and {most}")));
    }
    named(cx, input)?;
    match sort.member {
        "policyText" => check_permissions(cx, text)?,
        _ => lifecycle::check(text)?,
    }
    let repository = named(cx, input)?;
    *(sort.of)(repository) = Some(text.to_owned());
    Ok(repository.answer(account, [(sort.member, text.into())]))
}

fn get(cx: &mut Cx<'_>, input: Input<'_>, sort: &Sort) -> Result<Value, ApiError> {
    let account = cx.account;
    let repository = named(cx, input)?;
    let text = (sort.of)(repository).clone().ok_or_else(|| missing(sort, repository, account))?;
    Ok(repository.answer(account, [(sort.member, text.into())]))
}

fn delete(cx: &mut Cx<'_>, input: Input<'_>, sort: &Sort) -> Result<Value, ApiError> {
    let account = cx.account;
    let repository = named(cx, input)?;
    let text = (sort.of)(repository).take().ok_or_else(|| missing(sort, repository, account))?;
    Ok(repository.answer(account, [(sort.member, text.into())]))
}

fn missing(sort: &Sort, repository: &Repository, account: &str) -> ApiError {
    let (what, name) = (sort.what, &repository.name);
    let message = format!(
        "{what} does not exist for the repository with name '{name}' in the registry with id '{account}'"
    );
    ApiError::new(sort.missing, message)
}

/// Lifecycle policies are put to work all the time, and the answers say when they last were.
fn evaluated(cx: &Cx<'_>, mut answer: Value) -> Value {
    answer["lastEvaluatedAt"] = epoch(cx.now);
    answer
}

/// Who may do what: statements with principals and without resources, for the resource is the repository.
fn check_permissions(cx: &Cx<'_>, text: &str) -> Result<(), ApiError> {
    let malformed = || invalid("PolicyText", "Invalid repository policy provided");
    let policy: Value = serde_json::from_str(text).map_err(|_| malformed())?;
    let statements = match &policy["Statement"] {
        Value::Array(statements) => statements.as_slice(),
        statement @ Value::Object(_) => std::slice::from_ref(statement),
        _ => &[],
    };
    let version = policy.get("Version").is_none_or(|it| it == "2012-10-17" || it == "2008-10-17");
    if !version || statements.is_empty() || !statements.iter().all(is_statement) {
        return Err(malformed());
    }
    let principals = statements.iter().flat_map(|statement| texts(&statement["Principal"]["AWS"]));
    match principals.into_iter().find(|principal| is_unknown(cx, principal)) {
        Some(_) => Err(invalid("PolicyText", "Principal not found")),
        None => Ok(()),
    }
}

fn is_statement(statement: &Value) -> bool {
    let has = |name: &str| statement.get(name).is_some();
    let effect = statement["Effect"] == "Allow" || statement["Effect"] == "Deny";
    effect
        && has("Principal") != has("NotPrincipal")
        && has("Action") != has("NotAction")
        && !has("Resource")
        && !has("NotResource")
        && texts(&statement["Action"]).all(|action| action == "*" || action.starts_with("ecr:"))
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter().filter_map(Value::as_str)
}

/// Roles of the account must be there; of other accounts nothing is known.
fn is_unknown(cx: &Cx<'_>, principal: &str) -> bool {
    let roles = format!("arn:{}:iam::{}:role/", cx.partition(), cx.account);
    principal.starts_with(&roles) && !cx.iam.has_role(principal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::testing::Account;
    use serde_json::json;

    fn account() -> Account {
        let mut account = Account::new("ecr");
        account.ok("CreateRepository", &json!({"repositoryName": "app"}));
        account
    }

    fn lifecycle() -> String {
        let selection = json!({"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7});
        json!({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})
            .to_string()
    }

    fn statement() -> Value {
        json!({"Sid": "pull", "Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"]})
    }

    #[test]
    fn a_policy_is_put_got_and_deleted() {
        let mut account = account();
        let policy = json!({"Version": "2012-10-17", "Statement": [statement()]}).to_string();
        let table = [
            ("PutLifecyclePolicy", "LifecyclePolicy", "lifecyclePolicyText", lifecycle()),
            ("SetRepositoryPolicy", "RepositoryPolicy", "policyText", policy),
        ];
        for (put, what, member, text) in table {
            let at = json!({"repositoryName": "app"});
            let missing = format!("{what}NotFoundException");
            assert_eq!(account.refused(&format!("Get{what}"), &at), missing);
            account.ok(put, &json!({"repositoryName": "app", member: text}));
            assert_eq!(account.ok(&format!("Get{what}"), &at)[member], text);
            assert_eq!(account.ok(&format!("Delete{what}"), &at)[member], text);
            assert_eq!(account.refused(&format!("Delete{what}"), &at), missing);
            let nowhere = json!({"repositoryName": "other", member: text});
            assert_eq!(account.refused(put, &nowhere), "RepositoryNotFoundException");
        }
    }

    #[test]
    fn permissions_that_are_none_are_refused() {
        let mut account = account();
        let with = |name: &str, value: Value| {
            let mut statement = statement();
            statement[name] = value;
            json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
        };
        let table = [
            "{".to_owned(),
            "{}".to_owned(),
            json!({"Version": "2012-10-17", "Statement": []}).to_string(),
            json!({"Version": "2020-01-01", "Statement": [statement()]}).to_string(),
            with("Effect", json!("Maybe")),
            with("NotPrincipal", json!("*")),
            with("Action", json!("s3:GetObject")),
            with("Resource", json!("*")),
            "x".repeat(10_241),
        ];
        for text in table {
            let code =
                account.refused("SetRepositoryPolicy", &json!({"repositoryName": "app", "policyText": text}));
            assert_eq!(code, "InvalidParameterException", "{text}");
        }
    }
}
