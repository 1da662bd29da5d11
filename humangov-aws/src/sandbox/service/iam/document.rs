// SPDX-License-Identifier: MIT OR Apache-2.0
//! Policy documents: checked as IAM checks their grammar, kept as they came.

use super::ApiError;
use serde_json::Value;

/// What a document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It says who may assume a role.
    Trust,
    /// It says what may be done.
    Permissions,
}

fn malformed(message: &str) -> ApiError {
    ApiError::new("MalformedPolicyDocument", message)
}

/// Checks a document. `characters`: the most it may have, white space not counted.
pub(super) fn check(text: &str, purpose: Purpose, characters: usize) -> Result<(), ApiError> {
    if text.chars().filter(|c| !c.is_whitespace()).count() > characters {
        let message = match purpose {
            Purpose::Trust => format!("Cannot exceed quota for ACLSizePerRole: {characters}"),
            Purpose::Permissions => format!("Maximum policy size of {characters} bytes exceeded"),
        };
        return Err(ApiError::new("LimitExceeded", message).with_status(409));
    }
    let document: Value =
        serde_json::from_str(text).map_err(|_| malformed("This policy contains invalid Json"))?;
    let Some(members) = document.as_object() else { return Err(malformed("Syntax errors in policy.")) };
    let version = members.get("Version").and_then(Value::as_str).unwrap_or("2008-10-17");
    let known = ["Version", "Id", "Statement"];
    if !["2012-10-17", "2008-10-17"].contains(&version)
        || members.keys().any(|key| !known.contains(&key.as_str()))
    {
        return Err(malformed("Syntax errors in policy."));
    }
    let statements = match members.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => return Err(malformed("Syntax errors in policy.")),
    };
    statements.iter().try_for_each(|statement| check_statement(statement, purpose))
}

fn check_statement(statement: &Value, purpose: Purpose) -> Result<(), ApiError> {
    const KNOWN: [&str; 9] = [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ];
    let Some(members) = statement.as_object() else { return Err(malformed("Syntax errors in policy.")) };
    if members.keys().any(|key| !KNOWN.contains(&key.as_str())) {
        return Err(malformed("Syntax errors in policy."));
    }
    if !members.get("Effect").is_some_and(|effect| effect == "Allow" || effect == "Deny") {
        return Err(malformed("Syntax errors in policy."));
    }
    let has = |one: &str, other: &str| members.contains_key(one) || members.contains_key(other);
    if !has("Action", "NotAction") {
        return Err(malformed("Policy statement must contain actions."));
    }
    let actions = texts(members.get("Action").or_else(|| members.get("NotAction")));
    if actions.iter().any(|action| *action != "*" && !action.contains(':')) {
        return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
    }
    match purpose {
        Purpose::Trust if has("Resource", "NotResource") => Err(malformed("Has prohibited field Resource")),
        Purpose::Trust if !has("Principal", "NotPrincipal") => {
            Err(malformed("AssumeRole policy must contain principals."))
        }
        Purpose::Trust => check_principals(members.get("Principal")),
        Purpose::Permissions if has("Principal", "NotPrincipal") => {
            Err(malformed("Policy document should not specify a principal."))
        }
        Purpose::Permissions if !has("Resource", "NotResource") => {
            Err(malformed("Policy statement must contain resources."))
        }
        Purpose::Permissions => {
            let resources = texts(members.get("Resource").or_else(|| members.get("NotResource")));
            if resources.iter().any(|resource| *resource != "*" && !resource.starts_with("arn:")) {
                return Err(malformed("Resource must be in ARN format or \"*\"."));
            }
            Ok(())
        }
    }
}

fn check_principals(principal: Option<&Value>) -> Result<(), ApiError> {
    let wrong = |what: &str| Err(malformed(&format!("Invalid principal in policy: {what}")));
    match principal {
        Some(Value::Object(kinds)) => {
            for (kind, who) in kinds {
                let known = ["AWS", "Service", "Federated", "CanonicalUser"].contains(&kind.as_str());
                let services = kind == "Service" && !texts(Some(who)).iter().all(|name| name.contains('.'));
                if !known || services {
                    return wrong(&format!("\"{}\":{who}", kind.to_uppercase()));
                }
            }
            Ok(())
        }
        Some(Value::String(star)) if star == "*" => Ok(()),
        Some(other) => wrong(&other.to_string()),
        None => Ok(()),
    }
}

/// A text, or a list of them.
fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a trust policy lets this service assume the role. Conditions are taken to hold.
pub(super) fn trusts(trust: &str, service: &str) -> bool {
    let document: Value = serde_json::from_str(trust).unwrap_or_default();
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    statements.into_iter().any(|statement| {
        let may = texts(statement.get("Action"))
            .iter()
            .any(|action| ["sts:AssumeRole", "sts:*", "*"].contains(action));
        let who = statement.pointer("/Principal/Service");
        statement["Effect"] == "Allow" && may && texts(who).contains(&service)
    })
}
