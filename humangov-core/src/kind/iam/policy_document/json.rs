// SPDX-License-Identifier: MIT OR Apache-2.0
//! Policy documents as AWS writes them: lists of one may be bare values, and conditions are maps of maps.

use super::{Condition, Effect, PolicyDocument, PolicyVersion, Principal, Statement};
use crate::value::Input;
use serde_json::{Map, Value};
use std::{fmt, str::FromStr};

/// Text that is not a policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsePolicyError {
    path: String,
    wrong: String,
}

impl fmt::Display for ParsePolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a policy document: {}: {}", self.path, self.wrong)
    }
}

impl std::error::Error for ParsePolicyError {}

fn wrong(path: &str, wrong: impl Into<String>) -> ParsePolicyError {
    ParsePolicyError { path: path.to_owned(), wrong: wrong.into() }
}

impl PolicyDocument {
    /// The document as AWS takes it, or `None` while an input is not known.
    pub fn to_json(&self) -> Option<Value> {
        let mut json = Map::new();
        json.insert("Version".into(), self.version.to_string().into());
        if let Some(id) = &self.id {
            json.insert("Id".into(), id.as_str().into());
        }
        let statements: Option<Vec<Value>> = self.statements.iter().map(Statement::to_json).collect();
        json.insert("Statement".into(), statements?.into());
        Some(json.into())
    }

    /// Reads a document as AWS writes it. The result is normalized.
    ///
    /// # Errors
    /// When `json` is not a policy document: the error says where and why.
    pub fn from_json(json: &Value) -> Result<Self, ParsePolicyError> {
        let object = json.as_object().ok_or_else(|| wrong("document", "must be an object"))?;
        // A document without a version is one of the first version.
        let mut document = Self { version: PolicyVersion::V2008, id: None, statements: Vec::new() };
        for (member, value) in object {
            match (member.as_str(), value) {
                ("Version", Value::String(text)) if text == "2012-10-17" => {
                    document.version = PolicyVersion::V2012;
                }
                ("Version", Value::String(text)) if text == "2008-10-17" => {}
                ("Version", _) => return Err(wrong("Version", "must be 2012-10-17 or 2008-10-17")),
                ("Id", Value::String(id)) => document.id = Some(id.clone()),
                ("Statement", Value::Array(statements)) => {
                    for (i, statement) in statements.iter().enumerate() {
                        document.statements.push(Statement::from_json(statement, &format!("Statement.{i}"))?);
                    }
                }
                ("Statement", statement) => {
                    document.statements.push(Statement::from_json(statement, "Statement")?);
                }
                (member, _) => return Err(wrong(member, "is not understood here")),
            }
        }
        document.normalize();
        Ok(document)
    }
}

impl FromStr for PolicyDocument {
    type Err = ParsePolicyError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let json =
            serde_json::from_str(text).map_err(|error| wrong("document", format!("is not JSON: {error}")))?;
        Self::from_json(&json)
    }
}

impl Statement {
    fn to_json(&self) -> Option<Value> {
        let mut json = Map::new();
        if let Some(sid) = &self.sid {
            json.insert("Sid".into(), sid.as_str().into());
        }
        json.insert("Effect".into(), format!("{:?}", self.effect).into());
        for (member, principals) in [("Principal", &self.principals), ("NotPrincipal", &self.not_principals)]
        {
            if !principals.is_empty() {
                json.insert(member.into(), principals_to_json(principals)?);
            }
        }
        for (member, actions) in [("Action", &self.actions), ("NotAction", &self.not_actions)] {
            if !actions.is_empty() {
                json.insert(member.into(), short(actions.iter().map(|text| text.as_str().into()).collect()));
            }
        }
        for (member, resources) in [("Resource", &self.resources), ("NotResource", &self.not_resources)] {
            if !resources.is_empty() {
                json.insert(member.into(), inputs_to_json(resources)?);
            }
        }
        let mut conditions = Map::new();
        for Condition { operator, key, values } in &self.conditions {
            let keys = conditions.entry(operator.as_str()).or_insert_with(|| Map::new().into());
            keys.as_object_mut()?.insert(key.clone(), inputs_to_json(values)?);
        }
        if !conditions.is_empty() {
            json.insert("Condition".into(), conditions.into());
        }
        Some(json.into())
    }

    fn from_json(json: &Value, at: &str) -> Result<Self, ParsePolicyError> {
        let object = json.as_object().ok_or_else(|| wrong(at, "must be an object"))?;
        let effect = match object.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err(wrong(&format!("{at}.Effect"), "must be Allow or Deny")),
        };
        let mut statement = Self::new(effect);
        for (member, value) in object {
            let at = format!("{at}.{member}");
            match member.as_str() {
                "Effect" => {}
                "Sid" => {
                    let sid = value.as_str().ok_or_else(|| wrong(&at, "must be text"))?;
                    // Some consoles write an empty one, which AWS takes as none.
                    statement.sid = Some(sid).filter(|sid| !sid.is_empty()).map(str::to_owned);
                }
                "Principal" => statement.principals = principals_from_json(value, &at)?,
                "NotPrincipal" => statement.not_principals = principals_from_json(value, &at)?,
                "Action" => statement.actions = texts(value, &at)?,
                "NotAction" => statement.not_actions = texts(value, &at)?,
                "Resource" => statement.resources = inputs(value, &at)?,
                "NotResource" => statement.not_resources = inputs(value, &at)?,
                "Condition" => statement.conditions = conditions_from_json(value, &at)?,
                _ => return Err(wrong(&at, "is not understood here")),
            }
        }
        Ok(statement)
    }
}

fn conditions_from_json(value: &Value, at: &str) -> Result<Vec<Condition>, ParsePolicyError> {
    let must = |path: &str| wrong(path, "must be an object");
    let mut conditions = Vec::new();
    for (operator, keys) in value.as_object().ok_or_else(|| must(at))? {
        let at = format!("{at}.{operator}");
        for (key, values) in keys.as_object().ok_or_else(|| must(&at))? {
            let values = inputs(values, &format!("{at}.{key}"))?;
            conditions.push(Condition { operator: operator.clone(), key: key.clone(), values });
        }
    }
    Ok(conditions)
}

fn principals_to_json(principals: &[Principal]) -> Option<Value> {
    if principals == [Principal::Any] {
        return Some("*".into());
    }
    let mut by_type: Map<String, Value> = Map::new();
    for principal in principals {
        let (member, text) = match principal {
            Principal::Any => ("AWS", "*"),
            Principal::Aws(input) => ("AWS", input.known()?.as_str()),
            Principal::Service(text) => ("Service", text.as_str()),
            Principal::Federated(text) => ("Federated", text.as_str()),
            Principal::CanonicalUser(text) => ("CanonicalUser", text.as_str()),
        };
        by_type.entry(member).or_insert_with(|| Vec::<Value>::new().into()).as_array_mut()?.push(text.into());
    }
    for value in by_type.values_mut() {
        if let Value::Array(values) = value {
            *value = short(std::mem::take(values));
        }
    }
    Some(by_type.into())
}

fn principals_from_json(value: &Value, at: &str) -> Result<Vec<Principal>, ParsePolicyError> {
    if value == "*" {
        return Ok(vec![Principal::Any]);
    }
    let by_type = value.as_object().ok_or_else(|| wrong(at, "must be * or an object"))?;
    let mut principals = Vec::new();
    for (member, value) in by_type {
        let at = format!("{at}.{member}");
        for text in texts(value, &at)? {
            principals.push(match member.as_str() {
                "AWS" => Principal::Aws(Input::Known(text)),
                "Service" => Principal::Service(text),
                "Federated" => Principal::Federated(text),
                "CanonicalUser" => Principal::CanonicalUser(text),
                _ => return Err(wrong(&at, "is not a type of principal")),
            });
        }
    }
    Ok(principals)
}

fn inputs_to_json(inputs: &[Input<String>]) -> Option<Value> {
    let values: Option<Vec<Value>> =
        inputs.iter().map(|input| input.known().map(|text| text.as_str().into())).collect();
    Some(short(values?))
}

/// A list of one as its element: every character counts against AWS's limits.
fn short(mut values: Vec<Value>) -> Value {
    if values.len() == 1 { values.swap_remove(0) } else { values.into() }
}

fn inputs(value: &Value, at: &str) -> Result<Vec<Input<String>>, ParsePolicyError> {
    Ok(texts(value, at)?.into_iter().map(Input::Known).collect())
}

/// A text, or a list of them. Truth values and numbers, which conditions may hold, count as texts.
fn texts(value: &Value, at: &str) -> Result<Vec<String>, ParsePolicyError> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        _ => Err(wrong(at, "must be text or a list of texts")),
    };
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => Ok(vec![text(one)?]),
    }
}
