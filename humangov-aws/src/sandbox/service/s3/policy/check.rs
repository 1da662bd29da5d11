// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which documents are policies of a bucket.

use super::each;
use crate::sandbox::{error::ApiError, world::Cx};
use serde_json::{Map, Value};

const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

/// How the names of S3's actions begin.
const VERBS: [&str; 18] = [
    "Abort",
    "Associate",
    "Bypass",
    "Create",
    "Delete",
    "Describe",
    "Dissociate",
    "Get",
    "Initiate",
    "List",
    "ObjectOwner",
    "Pause",
    "Put",
    "Replicate",
    "Restore",
    "Submit",
    "TagResource",
    "UntagResource",
];

/// Actions about objects that do not have the word in their names.
const OF_OBJECTS: [&str; 4] =
    ["abortmultipartupload", "listmultipartuploadparts", "bypassgovernanceretention", "initiatereplication"];

const OPERATORS: [&str; 27] = [
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "BinaryEquals",
    "Bool",
    "DateEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateNotEquals",
    "IpAddress",
    "NotIpAddress",
    "Null",
    "NumericEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericNotEquals",
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotEquals",
    "StringNotEqualsIgnoreCase",
    "StringNotLike",
];

type Checked = Result<(), ApiError>;

fn malformed<T>(message: impl Into<String>) -> Result<T, ApiError> {
    Err(ApiError::new("MalformedPolicy", message))
}

/// Refuses what is no policy of the bucket `name`.
pub(super) fn policy(cx: &Cx<'_>, name: &str, policy: &Value) -> Checked {
    let Some(members) = policy.as_object() else { return malformed("Policies must be valid JSON") };
    only(members, &["Version", "Id", "Statement"])?;
    if members.get("Version").is_some_and(|version| !VERSIONS.iter().any(|known| version == known)) {
        return malformed("The policy must contain a valid version string");
    }
    let Some(statements) = members.get("Statement") else {
        return malformed("Missing required field Statement");
    };
    if statements.as_array().is_some_and(Vec::is_empty) {
        return malformed("Could not parse the policy: Statement is empty!");
    }
    each(Some(statements)).try_for_each(|statement| match statement.as_object() {
        Some(members) => check_statement(cx, name, members),
        None => malformed("Invalid policy syntax."),
    })
}

fn only(members: &Map<String, Value>, known: &[&str]) -> Checked {
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => malformed(format!("Unknown field {name}")),
        None => Ok(()),
    }
}

fn check_statement(cx: &Cx<'_>, name: &str, statement: &Map<String, Value>) -> Checked {
    only(
        statement,
        &[
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ],
    )?;
    match statement.get("Effect") {
        None => return malformed("Missing required field Effect"),
        Some(effect) if effect != "Allow" && effect != "Deny" => {
            return malformed(format!("Invalid effect: {}", effect.as_str().unwrap_or_default()));
        }
        Some(_) => {}
    }
    check_principal(cx, either(statement, "Principal", "NotPrincipal")?)?;
    let actions = texts(either(statement, "Action", "NotAction")?, "Policy has invalid action")?;
    if !actions.iter().all(|action| is_action(action)) {
        return malformed("Policy has invalid action");
    }
    let resources = texts(either(statement, "Resource", "NotResource")?, "Policy has invalid resource")?;
    let places: Option<Vec<Scope>> = resources.iter().map(|resource| scope(cx, name, resource)).collect();
    let Some(places) = places else { return malformed("Policy has invalid resource") };
    let applies = |action: &&str| {
        let object = is_of_objects(action);
        object
            .is_none_or(|object| places.iter().any(|place| if object { place.objects } else { place.bucket }))
    };
    if statement.contains_key("Action") && !actions.iter().all(applies) {
        return malformed("Action does not apply to any resource(s) in statement");
    }
    statement.get("Condition").map_or(Ok(()), check_condition)
}

/// The one of two members that is there.
fn either<'s>(statement: &'s Map<String, Value>, name: &str, not: &str) -> Result<&'s Value, ApiError> {
    match (statement.get(name), statement.get(not)) {
        (Some(value), None) | (None, Some(value)) => Ok(value),
        (None, None) => malformed(format!("Missing required field {name}")),
        (Some(_), Some(_)) => malformed(format!("Statement cannot contain both {name} and {not}")),
    }
}

/// One text or several, at least one.
fn texts<'v>(value: &'v Value, message: &str) -> Result<Vec<&'v str>, ApiError> {
    let texts: Option<Vec<&str>> = each(Some(value)).map(Value::as_str).collect();
    texts.filter(|texts| !texts.is_empty()).map_or_else(|| malformed(message), Ok)
}

fn check_principal(cx: &Cx<'_>, principal: &Value) -> Checked {
    let invalid = "Invalid principal in policy";
    let kinds = match principal {
        Value::String(text) if text == "*" => return Ok(()),
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        _ => return malformed(invalid),
    };
    for (kind, who) in kinds {
        let known = texts(who, invalid)?.into_iter().all(|who| match kind.as_str() {
            "AWS" => is_principal(cx, who),
            "CanonicalUser" => who.len() == 64 && who.bytes().all(|digit| digit.is_ascii_hexdigit()),
            "Service" => who.contains(".amazonaws.com"),
            "Federated" => !who.is_empty(),
            _ => false,
        });
        if !known {
            return malformed(invalid);
        }
    }
    Ok(())
}

/// Whether this is an account, or somebody in one. Of this account's roles, only those that there are.
fn is_principal(cx: &Cx<'_>, who: &str) -> bool {
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|digit| digit.is_ascii_digit());
    if who == "*" || is_account(who) {
        return true;
    }
    let parts: Vec<&str> = who.splitn(6, ':').collect();
    let ["arn", partition, service, "", account, name] = parts.as_slice() else { return false };
    if *partition != cx.partition() || !is_account(account) || name.contains('*') {
        return false;
    }
    match (*service, name.split_once('/')) {
        ("iam", None) => *name == "root",
        ("iam", Some(("role", _))) => *account != cx.account || cx.iam.has_role(who),
        ("iam", Some(("user", user))) => !user.is_empty(),
        ("sts", Some(("assumed-role" | "federated-user", session))) => !session.is_empty(),
        _ => false,
    }
}

fn is_action(action: &str) -> bool {
    if action == "*" {
        return true;
    }
    let Some(("s3", name)) = action.split_once(':') else { return false };
    let wild = name.contains(['*', '?']);
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '*' || c == '?')
        && (wild || VERBS.iter().any(|verb| begins(name, verb)))
}

fn begins(name: &str, verb: &str) -> bool {
    name.get(..verb.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(verb))
}

/// Whether an action is about objects or about buckets; `None` where it is a pattern.
fn is_of_objects(action: &str) -> Option<bool> {
    let name = action.split_once(':').map_or(action, |(_, name)| name).to_ascii_lowercase();
    if name.contains(['*', '?']) {
        return None;
    }
    let of_bucket = name.contains("bucket") || name.contains("accesspoint") || name.contains("job");
    Some(OF_OBJECTS.contains(&name.as_str()) || name.contains("object") && !of_bucket)
}

/// What a resource of a policy covers.
struct Scope {
    bucket: bool,
    objects: bool,
}

/// `None`: something outside the bucket.
fn scope(cx: &Cx<'_>, name: &str, resource: &str) -> Option<Scope> {
    if resource == "*" {
        return Some(Scope { bucket: true, objects: true });
    }
    let place = resource.strip_prefix(&format!("arn:{}:s3:::", cx.partition()))?;
    let (pattern, key) = place.split_once('/').map_or((place, None), |(pattern, key)| (pattern, Some(key)));
    if !is_like(name, pattern) {
        return None;
    }
    // A star at the end goes on into the keys.
    Some(Scope {
        bucket: key.is_none(),
        objects: key.is_some_and(|key| !key.is_empty()) || pattern.ends_with('*'),
    })
}

/// Whether `text` fits a pattern with `*` and `?`.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let (mut t, mut p) = (0, 0);
    // Where the last star was, and up to where it reaches.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), star) {
            (Some(b'*'), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(c), _) if *c == b'?' || *c == text[t] => (t, p) = (t + 1, p + 1),
            (_, Some((at, reach))) => {
                star = Some((at, reach + 1));
                (p, t) = (at + 1, reach + 1);
            }
            _ => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

fn check_condition(condition: &Value) -> Checked {
    let Some(operators) = condition.as_object() else { return malformed("Invalid policy syntax.") };
    for (operator, keys) in operators {
        let bare = operator.strip_prefix("ForAnyValue:").or_else(|| operator.strip_prefix("ForAllValues:"));
        let bare = bare.unwrap_or(operator);
        if !OPERATORS.contains(&bare.strip_suffix("IfExists").unwrap_or(bare)) {
            return malformed(format!("Invalid Condition type : {operator}"));
        }
        let Some(keys) = keys.as_object() else { return malformed("Invalid policy syntax.") };
        if keys.keys().any(|key| !key.contains(':')) {
            return malformed("Policy has an invalid condition key");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_stars_and_question_marks() {
        for (text, pattern, fits) in [
            ("bucket", "bucket", true),
            ("bucket", "*", true),
            ("bucket", "b*k?t", true),
            ("bucket", "b*k*t", true),
            ("bucket", "b*x*t", false),
            ("bucket", "bucket1", false),
            ("bucket", "buck", false),
            ("bucket", "bucket**", true),
            ("", "", true),
            ("a", "", false),
        ] {
            assert_eq!(is_like(text, pattern), fits, "{text} {pattern}");
        }
    }

    #[test]
    fn actions_are_about_objects_or_buckets() {
        assert_eq!(is_of_objects("s3:GetObject"), Some(true));
        assert_eq!(is_of_objects("s3:AbortMultipartUpload"), Some(true));
        assert_eq!(is_of_objects("s3:ListBucket"), Some(false));
        assert_eq!(is_of_objects("s3:GetBucketObjectLockConfiguration"), Some(false));
        assert_eq!(is_of_objects("s3:*"), None);
        assert!(is_action("s3:GetObject") && is_action("s3:Get*") && is_action("*"));
        assert!(
            !is_action("s3:Foo")
                && !is_action("ec2:RunInstances")
                && !is_action("s3:")
                && !is_action("GetObject")
        );
    }
}
