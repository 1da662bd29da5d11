// SPDX-License-Identifier: MIT OR Apache-2.0
//! Expressions: conditions, filters, key conditions and updates.

use super::validation;
use crate::sandbox::{error::ApiError, wire::Input};
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

/// An item: attribute values by name.
pub(super) type Item = Map<String, Value>;

/// The names and values that a request's expressions stand on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub names: Option<&'a Value>,
    pub values: Option<&'a Value>,
}

impl<'a> Terms<'a> {
    pub(super) fn of(input: Input<'a>) -> Self {
        Self { names: input.get("ExpressionAttributeNames"), values: input.get("ExpressionAttributeValues") }
    }

    fn name(&self, word: &str) -> Result<String, ApiError> {
        if !word.starts_with('#') {
            return Ok(word.to_owned());
        }
        let found = self.names.and_then(|names| names.get(word)).and_then(Value::as_str);
        found.map(str::to_owned).ok_or_else(|| {
            wrong(format!("An expression attribute name used in the document path is not defined; attribute name: {word}"))
        })
    }

    fn value(&self, word: &str) -> Result<&'a Value, ApiError> {
        self.values.and_then(|values| values.get(word)).ok_or_else(|| {
            wrong(format!(
                "An expression attribute value used in expression is not defined; attribute value: {word}"
            ))
        })
    }
}

fn wrong(what: impl AsRef<str>) -> ApiError {
    validation(format!("Invalid expression: {}", what.as_ref()))
}

fn syntax(near: Option<&String>) -> ApiError {
    wrong(format!("Syntax error; token: {:?}", near.map_or("<EOF>", String::as_str)))
}

/// The words of an expression.
fn tokens(text: &str) -> Result<Vec<String>, ApiError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || "_#:-".contains(c);
        let length = if word(first) {
            rest.find(|c| !word(c)).unwrap_or(rest.len())
        } else if ["<=", ">=", "<>"].iter().any(|two| rest.starts_with(two)) {
            2
        } else if "()[],.=<>+-".contains(first) {
            1
        } else {
            return Err(syntax(Some(&first.to_string())));
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: Vec<String>,
    at: usize,
    terms: Terms<'a>,
    item: &'a Item,
    depth: usize,
}

/// How deep parentheses may be nested; DynamoDB refuses deeper ones by the size of the expression.
const DEEPEST: usize = 50;

/// Whether `item` meets a condition.
pub(super) fn holds(text: &str, terms: Terms<'_>, item: &Item) -> Result<bool, ApiError> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, terms, item, depth: 0 };
    let held = parser.either()?;
    match parser.peek() {
        None => Ok(held),
        more => Err(syntax(more)),
    }
}

/// The item that an update makes of `item`.
pub(super) fn updated(text: &str, terms: Terms<'_>, item: &Item) -> Result<Item, ApiError> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, terms, item, depth: 0 };
    let mut after = item.clone();
    if parser.peek().is_none() {
        return Err(wrong("The expression can not be empty;"));
    }
    while let Some(clause) = parser.next() {
        loop {
            parser.action(&clause.to_ascii_uppercase(), &mut after)?;
            if !parser.take(",") {
                break;
            }
        }
    }
    Ok(after)
}

impl Parser<'_> {
    fn peek(&self) -> Option<&String> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<String> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.peek().is_some_and(|next| next.eq_ignore_ascii_case(token));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), ApiError> {
        if self.take(token) { Ok(()) } else { Err(syntax(self.peek())) }
    }

    fn either(&mut self) -> Result<bool, ApiError> {
        let mut held = self.both()?;
        while self.take("OR") {
            held |= self.both()?;
        }
        Ok(held)
    }

    fn both(&mut self) -> Result<bool, ApiError> {
        let mut held = self.not()?;
        while self.take("AND") {
            held &= self.not()?;
        }
        Ok(held)
    }

    fn not(&mut self) -> Result<bool, ApiError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(wrong("The expression is nested too deeply"));
        }
        let held = if self.take("NOT") {
            !self.not()?
        } else if self.take("(") {
            let held = self.either()?;
            self.expect(")")?;
            held
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(held)
    }

    fn comparison(&mut self) -> Result<bool, ApiError> {
        let function = self.peek().map(|word| word.to_ascii_lowercase()).unwrap_or_default();
        let is_call = self.tokens.get(self.at + 1).is_some_and(|next| next == "(") && function != "size";
        if is_call {
            return self.function(&function);
        }
        let left = self.operand()?;
        let Some(operator) = self.next() else { return Err(syntax(None)) };
        if operator.eq_ignore_ascii_case("BETWEEN") {
            let low = self.operand()?;
            self.expect("AND")?;
            let high = self.operand()?;
            let at_least = |a: &Option<Value>, b: &Option<Value>| {
                matches!(compare(a.as_ref(), b.as_ref()), Some(Ordering::Greater | Ordering::Equal))
            };
            return Ok(at_least(&left, &low) && at_least(&high, &left));
        }
        if operator.eq_ignore_ascii_case("IN") {
            self.expect("(")?;
            let mut found = false;
            loop {
                let one = self.operand()?;
                found |= left.is_some() && left == one;
                if !self.take(",") {
                    break;
                }
            }
            self.expect(")")?;
            return Ok(found);
        }
        let right = self.operand()?;
        let order = compare(left.as_ref(), right.as_ref());
        Ok(match operator.as_str() {
            "=" => left.is_some() && left == right || order == Some(Ordering::Equal),
            "<>" => left != right && order != Some(Ordering::Equal),
            "<" => order == Some(Ordering::Less),
            "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            ">" => order == Some(Ordering::Greater),
            ">=" => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            _ => return Err(syntax(Some(&operator))),
        })
    }

    fn function(&mut self, name: &str) -> Result<bool, ApiError> {
        self.at += 1;
        self.expect("(")?;
        let first = self.operand()?;
        let second = if self.take(",") { self.operand()? } else { None };
        self.expect(")")?;
        let text = |value: &Option<Value>| value.as_ref().and_then(scalar).map(str::to_owned);
        Ok(match name {
            "attribute_exists" => first.is_some(),
            "attribute_not_exists" => first.is_none(),
            "attribute_type" => {
                let wanted = text(&second).unwrap_or_default();
                first.as_ref().and_then(Value::as_object).is_some_and(|value| value.contains_key(&wanted))
            }
            "begins_with" => {
                text(&first).zip(text(&second)).is_some_and(|(text, start)| text.starts_with(&start))
            }
            "contains" => {
                first.as_ref().zip(second.as_ref()).is_some_and(|(within, what)| contains(within, what))
            }
            _ => return Err(wrong(format!("Invalid function name; function: {name}"))),
        })
    }

    /// A value, the value at a path, the size of one, or the default of one.
    fn operand(&mut self) -> Result<Option<Value>, ApiError> {
        let Some(word) = self.peek().cloned() else { return Err(syntax(None)) };
        if word.starts_with(':') {
            self.at += 1;
            return self.terms.value(&word).map(|value| Some(value.clone()));
        }
        let is_call = self.tokens.get(self.at + 1).is_some_and(|next| next == "(");
        match word.to_ascii_lowercase().as_str() {
            "size" if is_call => {
                self.at += 2;
                let of = self.operand()?;
                self.expect(")")?;
                Ok(of.map(|value| json!({"N": size(&value).to_string()})))
            }
            "if_not_exists" if is_call => {
                self.at += 2;
                let is = self.operand()?;
                self.expect(",")?;
                let other = self.operand()?;
                self.expect(")")?;
                Ok(is.or(other))
            }
            "list_append" if is_call => {
                self.at += 2;
                let first = self.operand()?;
                self.expect(",")?;
                let second = self.operand()?;
                self.expect(")")?;
                let list = |value: Option<Value>| value.and_then(|value| value["L"].as_array().cloned());
                let (Some(mut list_of), Some(more)) = (list(first), list(second)) else {
                    return Err(validation("An operand in the update expression has an incorrect data type"));
                };
                list_of.extend(more);
                Ok(Some(json!({"L": list_of})))
            }
            _ => {
                let path = self.path()?;
                Ok(look(self.item, &path).cloned())
            }
        }
    }

    fn path(&mut self) -> Result<Vec<Step>, ApiError> {
        let Some(word) =
            self.next().filter(|word| word.starts_with(|c: char| c.is_alphabetic() || "_#".contains(c)))
        else {
            self.at -= 1;
            return Err(syntax(self.peek()));
        };
        let mut path = vec![Step::Name(self.terms.name(&word)?)];
        loop {
            if self.take(".") {
                let Some(word) = self.next() else { return Err(syntax(None)) };
                path.push(Step::Name(self.terms.name(&word)?));
            } else if self.take("[") {
                let number = self.next().and_then(|word| word.parse().ok());
                path.push(Step::Nth(number.ok_or_else(|| syntax(self.peek()))?));
                self.expect("]")?;
            } else {
                return Ok(path);
            }
        }
    }

    /// One action of a SET, REMOVE, ADD or DELETE clause.
    fn action(&mut self, clause: &str, after: &mut Item) -> Result<(), ApiError> {
        let path = self.path()?;
        match clause {
            "SET" => {
                self.expect("=")?;
                let mut value = self.operand()?;
                for (sign, factor) in [("+", 1.0), ("-", -1.0)] {
                    if self.take(sign) {
                        let other = self.operand()?;
                        value = Some(sum(value.as_ref(), other.as_ref(), factor)?);
                    }
                }
                let Some(value) = value else {
                    return Err(validation(
                        "The provided expression refers to an attribute that does not exist in the item",
                    ));
                };
                put(after, &path, value)
            }
            "REMOVE" => {
                remove(after, &path);
                Ok(())
            }
            "ADD" => {
                let Some(value) = self.operand()? else { return Err(syntax(self.peek())) };
                let sum = match look(after, &path) {
                    Some(is) if is.get("N").is_some() => sum(Some(is), Some(&value), 1.0)?,
                    Some(is) => union(is, &value)?,
                    None => value,
                };
                put(after, &path, sum)
            }
            "DELETE" => {
                let Some(value) = self.operand()? else { return Err(syntax(self.peek())) };
                match look(after, &path).map(|is| difference(is, &value)) {
                    Some(Some(left)) => put(after, &path, left),
                    Some(None) => {
                        remove(after, &path);
                        Ok(())
                    }
                    None => Ok(()),
                }
            }
            _ => Err(wrong(format!("Syntax error; token: {clause:?}"))),
        }
    }
}

enum Step {
    Name(String),
    Nth(usize),
}

fn look<'i>(item: &'i Item, path: &[Step]) -> Option<&'i Value> {
    let (first, rest) = path.split_first()?;
    let Step::Name(name) = first else { return None };
    rest.iter().try_fold(item.get(name)?, |value, step| match step {
        Step::Name(name) => value.get("M")?.get(name),
        Step::Nth(n) => value.get("L")?.get(*n),
    })
}

fn put(item: &mut Item, path: &[Step], value: Value) -> Result<(), ApiError> {
    let invalid = || validation("The document path provided in the update expression is invalid for update");
    let Some((last, parents)) = path.split_last() else { return Err(invalid()) };
    let Some((Step::Name(first), between)) = parents.split_first() else {
        if let Step::Name(name) = last {
            item.insert(name.clone(), value);
        }
        return Ok(());
    };
    let mut parent = item.get_mut(first).ok_or_else(invalid)?;
    for step in between {
        parent = match step {
            Step::Name(name) => parent.get_mut("M").and_then(|map| map.get_mut(name)),
            Step::Nth(n) => parent.get_mut("L").and_then(|list| list.get_mut(*n)),
        }
        .ok_or_else(invalid)?;
    }
    match last {
        Step::Name(name) => {
            let map = parent.get_mut("M").and_then(Value::as_object_mut).ok_or_else(invalid)?;
            map.insert(name.clone(), value);
        }
        Step::Nth(n) => {
            let list = parent.get_mut("L").and_then(Value::as_array_mut).ok_or_else(invalid)?;
            match list.get_mut(*n) {
                Some(place) => *place = value,
                None => list.push(value),
            }
        }
    }
    Ok(())
}

fn remove(item: &mut Item, path: &[Step]) {
    let Some((last, parents)) = path.split_last() else { return };
    let Some((Step::Name(first), between)) = parents.split_first() else {
        if let Step::Name(name) = last {
            item.remove(name);
        }
        return;
    };
    let mut parent = item.get_mut(first);
    for step in between {
        parent = parent.and_then(|value| match step {
            Step::Name(name) => value.get_mut("M")?.get_mut(name),
            Step::Nth(n) => value.get_mut("L")?.get_mut(*n),
        });
    }
    match (last, parent) {
        (Step::Name(name), Some(parent)) => {
            parent.get_mut("M").and_then(Value::as_object_mut).map(|map| map.remove(name));
        }
        (Step::Nth(n), Some(parent)) => {
            if let Some(list) =
                parent.get_mut("L").and_then(Value::as_array_mut).filter(|list| *n < list.len())
            {
                list.remove(*n);
            }
        }
        (_, None) => {}
    }
}

/// The text of a string, number or binary.
fn scalar(value: &Value) -> Option<&str> {
    ["S", "N", "B"].iter().find_map(|kind| value.get(*kind)?.as_str())
}

fn number(value: &Value) -> Option<f64> {
    value.get("N")?.as_str()?.parse().ok()
}

/// The order of two values of one type that has an order.
fn compare(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    let (left, right) = (left?, right?);
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        return left.partial_cmp(&right);
    }
    let same = |kind: &str| Some((left.get(kind)?.as_str()?, right.get(kind)?.as_str()?));
    same("S").or_else(|| same("B")).map(|(left, right)| left.cmp(right))
}

fn contains(within: &Value, what: &Value) -> bool {
    if let (Some(text), Some(part)) =
        (within.get("S").and_then(Value::as_str), what.get("S").and_then(Value::as_str))
    {
        return text.contains(part);
    }
    let listed = |kind: &str| within.get(kind).and_then(Value::as_array);
    if let Some(list) = listed("L") {
        return list.contains(what);
    }
    let sets = [("SS", "S"), ("NS", "N"), ("BS", "B")];
    sets.iter()
        .any(|(set, kind)| listed(set).zip(what.get(*kind)).is_some_and(|(set, what)| set.contains(what)))
}

fn size(value: &Value) -> usize {
    match value.as_object().and_then(|value| value.values().next()) {
        Some(Value::String(text)) => text.len(),
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(members)) => members.len(),
        _ => 0,
    }
}

fn sum(left: Option<&Value>, right: Option<&Value>, factor: f64) -> Result<Value, ApiError> {
    let wrong_type = || validation("An operand in the update expression has an incorrect data type");
    let Some(left) = left else {
        return Err(validation(
            "The provided expression refers to an attribute that does not exist in the item",
        ));
    };
    let whole = |value: &Value| value.get("N")?.as_str()?.parse::<i64>().ok();
    #[expect(clippy::cast_possible_truncation, reason = "one or minus one")]
    let whole = whole(left)
        .zip(right.and_then(whole))
        .and_then(|(a, b)| a.checked_add(b.checked_mul(factor as i64)?));
    if let Some(sum) = whole {
        return Ok(json!({"N": sum.to_string()}));
    }
    let (left, right) = (number(left), right.and_then(number));
    let (left, right) = left.zip(right).ok_or_else(wrong_type)?;
    Ok(json!({"N": (left + factor * right).to_string()}))
}

/// The kind and the members of a set.
fn set(value: &Value) -> Option<(&'static str, &Vec<Value>)> {
    ["SS", "NS", "BS"].into_iter().find_map(|kind| Some((kind, value.get(kind)?.as_array()?)))
}

fn union(is: &Value, more: &Value) -> Result<Value, ApiError> {
    match (set(is), set(more)) {
        (Some((kind, is)), Some((other, more))) if kind == other => {
            let mut all = is.clone();
            all.extend(more.iter().filter(|item| !is.contains(item)).cloned());
            Ok(json!({kind: all}))
        }
        _ => Err(validation("An operand in the update expression has an incorrect data type")),
    }
}

/// What is left of a set, if anything is.
fn difference(is: &Value, less: &Value) -> Option<Value> {
    let ((kind, is_set), (_, less)) = (set(is)?, set(less)?);
    let left: Vec<&Value> = is_set.iter().filter(|item| !less.contains(item)).collect();
    (!left.is_empty()).then(|| json!({kind: left}))
}
