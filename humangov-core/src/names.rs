// SPDX-License-Identifier: MIT OR Apache-2.0
//! Physical names: what resources are called in AWS, as pure functions of fleet, stack and role.
//!
//! The same arguments always give the same name, so a repeated create finds its own earlier work. Parts are joined by
//! hyphens; a name too long for its AWS limit is cut and ends in six characters of a hash of the whole, so that two
//! names cut at the same place still differ:
//!
//! ```
//! use humangov_core::names;
//!
//! assert_eq!(names::load_balancer("humangov", "north-carolina", "alb"), "humangov-north-carolina-alb");
//! let cut = names::load_balancer("humangov-production", "north-carolina", "alb");
//! assert_eq!(cut, "humangov-production-north-n76m75");
//! assert_eq!(cut.len(), 32);
//! ```
//!
//! Parts are taken as they are: with a [`FleetName`], a [`Tenant`](crate::tenant::Tenant)'s slug or a word of
//! `a-z`, `0-9` and `-`, every name is one that AWS accepts. An empty part is left out together with its hyphen.
//! Since hyphens both join parts and occur in them, fleet `hg-new` with stack `york` and fleet `hg` with stack
//! `new-york` share their names; ownership tags keep one from touching what belongs to the other.

mod fleet_name;
#[cfg(test)]
mod tests;

pub use fleet_name::{FleetName, ParseFleetNameError};

/// Characters of the hash that ends a name cut short: 30 bits.
const HASH_LEN: usize = 6;

/// Joins the parts that are not empty by `-`, cut to at most `max` bytes.
///
/// A name that fits is returned as it is. One that does not keeps its beginning and ends in `-` and
/// [`short_hash`] of the whole, with no second hyphen before it. Below eight bytes only (the beginning of) the hash is
/// left.
pub fn bounded(parts: &[&str], max: usize) -> String {
    shortened(joined(parts), max)
}

/// Six characters of `0-9a-z` that stand for `bytes`: the first 30 bits of their BLAKE3 hash.
///
/// Part of deployed names, so it never changes. The letters `i`, `l`, `o` and `u` do not occur (Crockford's base 32).
pub fn short_hash(bytes: impl AsRef<[u8]>) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let hash = blake3::hash(bytes.as_ref());
    let bits = hash.as_bytes().iter().take(4).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    (0..HASH_LEN).map(|digit| char::from(DIGITS[(bits >> (27 - 5 * digit) & 31) as usize])).collect()
}

/// Application or network load balancer: at most 32 of `A-Z`, `a-z`, `0-9` and `-`, not starting with `internal-`;
/// unique per account and region (Elastic Load Balancing, `CreateLoadBalancer`).
pub fn load_balancer(fleet: &str, stack: &str, role: &str) -> String {
    bounded(&[fleet, stack, role], 32)
}

/// Target group: at most 32 of `A-Z`, `a-z`, `0-9` and `-`; unique per account and region (Elastic Load Balancing,
/// `CreateTargetGroup`).
///
/// Most settings of a target group cannot change, so it is replaced by a second one, made before the first is gone.
/// `discriminator` keeps the two names apart: pass [`short_hash`] of those settings. It is never cut off (unless it
/// takes more than 23 characters, when the whole name is hashed).
///
/// ```
/// use humangov_core::names::{short_hash, target_group};
///
/// let name = target_group("humangov-production", "north-carolina", "nginx", &short_hash("80 HTTP vpc-1"));
/// assert!(name.len() <= 32 && name.ends_with(&short_hash("80 HTTP vpc-1")));
/// ```
pub fn target_group(fleet: &str, stack: &str, role: &str, discriminator: &str) -> String {
    with_tail(&[fleet, stack, role], discriminator, 32)
}

/// Security group: at most 255 characters, not starting with `sg-`; unique per VPC, whatever the case (Amazon EC2,
/// `CreateSecurityGroup`).
pub fn security_group(fleet: &str, stack: &str, role: &str) -> String {
    bounded(&[fleet, stack, role], 255)
}

/// IAM role: at most 64 characters; unique per account, whatever the case (IAM, `CreateRole`).
pub fn role(fleet: &str, stack: &str, role: &str) -> String {
    bounded(&[fleet, stack, role], 64)
}

/// IAM policy, inline or managed: at most 128 characters (IAM, `PutRolePolicy` and `CreatePolicy`).
pub fn policy(fleet: &str, stack: &str, purpose: &str) -> String {
    bounded(&[fleet, stack, purpose], 128)
}

/// ECS cluster: at most 255 of letters, digits, `_` and `-`; unique per account and region (Amazon ECS,
/// `CreateCluster`).
pub fn cluster(fleet: &str, stack: &str) -> String {
    bounded(&[fleet, stack], 255)
}

/// ECS service: at most 255 of letters, digits, `_` and `-`; unique per cluster (Amazon ECS, `CreateService`).
pub fn service(fleet: &str, stack: &str, app: &str) -> String {
    bounded(&[fleet, stack, app], 255)
}

/// Family of ECS task definitions: at most 255 of letters, digits, `_` and `-` (Amazon ECS,
/// `RegisterTaskDefinition`).
pub fn family(fleet: &str, stack: &str, app: &str) -> String {
    bounded(&[fleet, stack, app], 255)
}

/// Log group `/{fleet}/{stack}/{app}`: at most 512 of letters, digits and `.-_/#`, not starting with `aws/`; unique
/// per account and region (Amazon `CloudWatch` Logs, `CreateLogGroup`).
pub fn log_group(fleet: &str, stack: &str, app: &str) -> String {
    let path: String =
        [fleet, stack, app].iter().filter(|part| !part.is_empty()).flat_map(|part| ["/", part]).collect();
    shortened(path, 512)
}

/// `DynamoDB` table `{fleet}-{tenant}-dynamodb`: 3 to 255 of letters, digits and `_.-`; unique per account and region
/// (Amazon `DynamoDB`, `CreateTable`).
pub fn table(fleet: &str, tenant: &str) -> String {
    bounded(&[fleet, tenant, "dynamodb"], 255)
}

/// S3 bucket `{fleet}-{tenant}-{account}-{region}` in lower case: 3 to 63 of `a-z`, `0-9`, `.` and `-`, unique in the
/// whole AWS partition (Amazon S3, "General purpose bucket naming rules").
///
/// Account and region keep the name from meeting someone else's; they are never cut off.
pub fn bucket(fleet: &str, tenant: &str, account: &str, region: &str) -> String {
    with_tail(&[fleet, tenant], &joined(&[account, region]), 63).to_lowercase()
}

/// ECR repository `{fleet}/{app}`: 2 to 256 of `a-z`, `0-9` and `._-/`; unique per account and region (Amazon ECR,
/// `CreateRepository`).
pub fn repository(fleet: &str, app: &str) -> String {
    let path: Vec<_> = [fleet, app].into_iter().filter(|part| !part.is_empty()).collect();
    shortened(path.join("/"), 256)
}

fn joined(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("-")
}

/// The name in at most `max` bytes; see [`bounded`].
fn shortened(name: String, max: usize) -> String {
    if name.len() <= max {
        return name;
    }
    let hash = short_hash(&name);
    let Some(room) = max.checked_sub(HASH_LEN + 1).filter(|room| *room > 0) else {
        return hash[..max.min(HASH_LEN)].to_owned();
    };
    let end = (0..=room).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    let kept = name[..end].trim_end_matches('-');
    if kept.is_empty() { hash } else { format!("{kept}-{hash}") }
}

/// [`bounded`], but it is the parts before `tail` that are cut.
fn with_tail(parts: &[&str], tail: &str, max: usize) -> String {
    let head = joined(parts);
    // The hash of the head, a letter before it and two hyphens.
    let room = max.saturating_sub(tail.len() + 1);
    if head.is_empty() || tail.is_empty() || room < HASH_LEN + 2 {
        return shortened(joined(&[&head, tail]), max);
    }
    format!("{}-{tail}", shortened(head, room))
}

/// What keeps `text` from being a slug: 1 to `max` of `a-z`, `0-9` and `-`, a letter first, hyphens only within and
/// alone. Empty if nothing does.
pub(crate) fn slug_problems(text: &str, max: usize) -> Vec<String> {
    let mut problems = Vec::new();
    if text.is_empty() {
        problems.push(format!("1 to {max} characters are required"));
        return problems;
    }
    if text.chars().nth(max).is_some() {
        problems.push(format!("at most {max} characters are allowed"));
    }
    if !text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
        problems.push("only a-z, 0-9 and \"-\" are allowed".to_owned());
    }
    if !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        problems.push("the first character must be a letter".to_owned());
    }
    if text.ends_with('-') {
        problems.push("it must not end with \"-\"".to_owned());
    }
    if text.contains("--") {
        problems.push("it must not contain \"--\"".to_owned());
    }
    problems
}
