// SPDX-License-Identifier: MIT OR Apache-2.0
//! Repositories.

use super::{
    Ecr, host,
    image::Image,
    layer::{Layer, Upload},
    mutability::Mutability,
    refusal::{invalid, one_of, required},
    tags,
};
use crate::sandbox::{
    error::ApiError,
    service::page::{Order, page},
    wire::Input,
    world::{Cx, Tags, epoch},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many repositories one DescribeRepositories takes by name.
const MOST_NAMES: usize = 100;

/// How long a page can be.
pub(super) const MOST_ON_PAGE: i64 = 1000;

/// A repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Repository {
    pub name: String,
    pub arn: String,
    pub tags: Tags,
    pub mutability: Mutability,
    /// The texts of its lifecycle policy and of its permissions.
    pub lifecycle: Option<String>,
    pub policy: Option<String>,
    /// By digest.
    pub layers: BTreeMap<String, Layer>,
    /// By id.
    pub uploads: BTreeMap<String, Upload>,
    /// By digest.
    pub images: BTreeMap<String, Image>,
    /// The digests of images, by tag.
    pub image_tags: BTreeMap<String, String>,
    scan_on_push: bool,
    encryption: Value,
    created: Timestamp,
}

impl Repository {
    /// The answer of an operation on it: whose it is, its name, and `more`.
    pub(super) fn answer<const N: usize>(&self, account: &str, more: [(&str, Value); N]) -> Value {
        let mut answer = json!({"registryId": account, "repositoryName": self.name});
        for (name, value) in more {
            answer[name] = value;
        }
        answer
    }
}

/// Executes an operation, if it is one of these.
pub(super) fn call(cx: &mut Cx<'_>, operation: &str, input: Input<'_>) -> Option<Result<Value, ApiError>> {
    Some(match operation {
        "CreateRepository" => create(cx, input),
        "DescribeRepositories" => describe(cx, input),
        "DeleteRepository" => delete(cx, input),
        "PutImageScanningConfiguration" => put_scanning(cx, input),
        _ => return None,
    })
}

/// The repository that a request names.
pub(super) fn named<'c>(cx: &'c mut Cx<'_>, input: Input<'_>) -> Result<&'c mut Repository, ApiError> {
    let (name, registry) = (name_in(input)?, registry_in(cx, input)?);
    let missing = not_found(name, registry);
    if registry != cx.account {
        return Err(missing);
    }
    cx.here.ecr.repositories.get_mut(name).ok_or(missing)
}

pub(super) fn not_found(name: &str, registry: &str) -> ApiError {
    ApiError::new(
        "RepositoryNotFoundException",
        format!("The repository with name '{name}' does not exist in the registry with id '{registry}'"),
    )
}

fn name_in(input: Input<'_>) -> Result<&str, ApiError> {
    let name = required(input, "repositoryName")?;
    if is_name(name) {
        return Ok(name);
    }
    Err(invalid("repositoryName", "must satisfy the regular expression of repository names"))
}

/// Words of small letters and digits, joined by single dots, by one or two underscores, or by hyphens; slashes between such.
fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_joint = |joint: &str| matches!(joint, "." | "_" | "__") || joint.chars().all(|c| c == '-');
    let is_part = |part: &str| {
        part.starts_with(is_letter) && part.ends_with(is_letter) && part.split(is_letter).all(is_joint)
    };
    (2..=256).contains(&name.len()) && name.split('/').all(is_part)
}

pub(super) fn is_registry(id: &str) -> bool {
    id.len() == 12 && id.chars().all(|c| c.is_ascii_digit())
}

fn registry_in<'a>(cx: &Cx<'a>, input: Input<'a>) -> Result<&'a str, ApiError> {
    match input.text("registryId") {
        None => Ok(cx.account),
        Some(id) if is_registry(id) => Ok(id),
        Some(_) => Err(invalid("registryId", "must be an account id of twelve digits")),
    }
}

fn create(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (name, registry) = (name_in(input)?, registry_in(cx, input)?);
    let tags = tags::given(input)?;
    let mutability = Mutability::read(input)?;
    let scan_on_push = scan_on_push(input);
    check_encryption(input)?;
    if registry != cx.account {
        return Err(invalid("registryId", "must be the registry of the caller"));
    }
    if cx.here.ecr.repositories.contains_key(name) {
        return Err(ApiError::new(
            "RepositoryAlreadyExistsException",
            format!("The repository with name '{name}' already exists in the registry with id '{registry}'"),
        ));
    }
    let repository = Repository {
        name: name.to_owned(),
        arn: cx.arn("ecr", &format!("repository/{name}")),
        tags,
        mutability,
        lifecycle: None,
        policy: None,
        layers: BTreeMap::new(),
        uploads: BTreeMap::new(),
        images: BTreeMap::new(),
        image_tags: BTreeMap::new(),
        scan_on_push,
        encryption: encryption(cx, input),
        created: cx.now,
    };
    let answer = json!({ "repository": described(cx, &repository) });
    cx.here.ecr.repositories.insert(name.to_owned(), repository);
    Ok(answer)
}

fn scan_on_push(input: Input<'_>) -> bool {
    let scanning = input.object("imageScanningConfiguration");
    scanning.and_then(|scanning| scanning.truth("scanOnPush")).unwrap_or(false)
}

fn check_encryption(input: Input<'_>) -> Result<(), ApiError> {
    let Some(given) = input.object("encryptionConfiguration") else { return Ok(()) };
    let kind = required(given, "encryptionType")?;
    one_of("encryptionConfiguration.encryptionType", kind, &["AES256", "KMS", "KMS_DSSE"])?;
    match given.text("kmsKey") {
        Some(_) if kind == "AES256" => Err(invalid(
            "encryptionConfiguration",
            "KMS key is not supported with the encryption type AES256",
        )),
        Some(key) if !(1..=2048).contains(&key.len()) => {
            Err(invalid("encryptionConfiguration.kmsKey", "must have between 1 and 2048 characters"))
        }
        _ => Ok(()),
    }
}

/// With which key the images are encrypted: without one, AWS's own for ECR, which is made when it is first needed.
fn encryption(cx: &mut Cx<'_>, input: Input<'_>) -> Value {
    let given = input.object("encryptionConfiguration");
    let kind = given.and_then(|given| given.text("encryptionType")).unwrap_or("AES256");
    if kind == "AES256" {
        return json!({"encryptionType": kind});
    }
    let key_arn = |cx: &Cx<'_>, id: &str| cx.arn("kms", &format!("key/{id}"));
    let key = match given.and_then(|given| given.text("kmsKey")) {
        Some(named) if named.starts_with("arn:") || named.starts_with("alias/") => named.to_owned(),
        Some(id) => key_arn(cx, id),
        None => {
            let made = cx.ids.uuid();
            let made = key_arn(cx, &made);
            cx.here.ecr.key.get_or_insert(made).clone()
        }
    };
    json!({"encryptionType": kind, "kmsKey": key})
}

fn described(cx: &Cx<'_>, repository: &Repository) -> Value {
    let mut described = json!({
        "repositoryArn": repository.arn,
        "registryId": cx.account,
        "repositoryName": repository.name,
        "repositoryUri": format!("{}/{}", host(cx, cx.account), repository.name),
        "createdAt": epoch(repository.created),
        "imageScanningConfiguration": {"scanOnPush": repository.scan_on_push},
        "encryptionConfiguration": repository.encryption,
    });
    repository.mutability.describe(&mut described);
    described
}

fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let registry = registry_in(cx, input)?;
    let elsewhere = Ecr::default();
    let ecr = if registry == cx.account { &cx.here.ecr } else { &elsewhere };
    let names = input.texts("repositoryNames");
    if !input.has("repositoryNames") {
        let all = ecr.repositories.values();
        let all = all.map(|repository| (repository.name.as_str(), described(cx, repository)));
        return page(input, "repositories", MOST_ON_PAGE, Order::Ascending, all);
    }
    if names.is_empty() || names.len() > MOST_NAMES {
        return Err(invalid("repositoryNames", "must have between 1 and 100 members"));
    }
    if input.has("maxResults") || input.has("nextToken") {
        return Err(invalid("repositoryNames", "cannot be combined with maxResults or nextToken"));
    }
    let found = names.into_iter().map(|name| {
        if !is_name(name) {
            return Err(invalid(
                "repositoryNames",
                "must satisfy the regular expression of repository names",
            ));
        }
        let repository = ecr.repositories.get(name).ok_or_else(|| not_found(name, registry))?;
        Ok(described(cx, repository))
    });
    Ok(json!({ "repositories": found.collect::<Result<Vec<_>, ApiError>>()? }))
}

fn delete(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let account = cx.account;
    let repository = named(cx, input)?;
    let name = repository.name.clone();
    if !repository.images.is_empty() && input.truth("force") != Some(true) {
        return Err(ApiError::new(
            "RepositoryNotEmptyException",
            format!(
                "The repository with name '{name}' in registry with id '{account}' cannot be deleted because it still contains images"
            ),
        ));
    }
    let gone = cx.here.ecr.repositories.remove(&name).ok_or_else(|| not_found(&name, account))?;
    Ok(json!({ "repository": described(cx, &gone) }))
}

fn put_scanning(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let account = cx.account;
    if input.object("imageScanningConfiguration").is_none() {
        return Err(invalid("imageScanningConfiguration", "Member must not be null"));
    }
    let repository = named(cx, input)?;
    repository.scan_on_push = scan_on_push(input);
    let scanning = json!({"scanOnPush": repository.scan_on_push});
    Ok(repository.answer(account, [("imageScanningConfiguration", scanning)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::testing::Account;

    #[test]
    fn names_are_words_with_joints() {
        for name in ["ab", "humangov/app", "a.b_c__d-e---f/0"] {
            assert!(is_name(name), "{name}");
        }
        for name in
            ["a", "A", "Ab", "a/", "/a", "a..b", "a___b", "-ab", "ab-", "a._b", "a b", "a//b", "é1", ""]
        {
            assert!(!is_name(name), "{name}");
        }
        assert!(is_name(&"a".repeat(256)) && !is_name(&"a".repeat(257)));
    }

    #[test]
    fn a_repository_has_its_defaults() {
        let mut account = Account::new("ecr");
        let made =
            account.ok("CreateRepository", &json!({"repositoryName": "humangov/app"}))["repository"].clone();
        assert_eq!(made["repositoryArn"], "arn:aws:ecr:us-east-1:123456789012:repository/humangov/app");
        assert_eq!(made["repositoryUri"], "123456789012.dkr.ecr.us-east-1.amazonaws.com/humangov/app");
        assert_eq!(made["imageTagMutability"], "MUTABLE");
        assert_eq!(made["imageScanningConfiguration"], json!({"scanOnPush": false}));
        assert_eq!(made["encryptionConfiguration"], json!({"encryptionType": "AES256"}));
        let code = account.refused("CreateRepository", &json!({"repositoryName": "humangov/app"}));
        assert_eq!(code, "RepositoryAlreadyExistsException");
        let read = account.ok("DescribeRepositories", &json!({"repositoryNames": ["humangov/app"]}));
        assert_eq!(read["repositories"], json!([made]));
    }

    #[test]
    fn one_missing_name_spoils_the_answer() {
        let mut account = Account::new("ecr");
        account.ok("CreateRepository", &json!({"repositoryName": "app"}));
        let code = account.refused("DescribeRepositories", &json!({"repositoryNames": ["app", "other"]}));
        assert_eq!(code, "RepositoryNotFoundException");
        let elsewhere = json!({"repositoryNames": ["app"], "registryId": "210987654321"});
        assert_eq!(account.refused("DescribeRepositories", &elsewhere), "RepositoryNotFoundException");
    }

    #[test]
    fn repositories_come_in_pages() {
        let mut account = Account::new("ecr");
        for n in 0..5 {
            account.ok("CreateRepository", &json!({"repositoryName": format!("app{n}")}));
        }
        let first = account.ok("DescribeRepositories", &json!({"maxResults": 3}));
        let next = json!({"maxResults": 3, "nextToken": first["nextToken"]});
        let second = account.ok("DescribeRepositories", &next);
        assert_eq!(second["repositories"][0]["repositoryName"], "app3");
        assert!(second.get("nextToken").is_none());
    }

    #[test]
    fn without_a_key_of_its_own_a_repository_has_the_one_of_the_account() {
        let mut account = Account::new("ecr");
        let mut key = |name: &str, encryption: Value| {
            let asked = json!({"repositoryName": name, "encryptionConfiguration": encryption});
            account.ok("CreateRepository", &asked)["repository"]["encryptionConfiguration"]["kmsKey"].clone()
        };
        let first = key("one", json!({"encryptionType": "KMS"}));
        assert!(first.as_str().is_some_and(|key| key.starts_with("arn:aws:kms:us-east-1:123456789012:key/")));
        assert_eq!(key("two", json!({"encryptionType": "KMS_DSSE"})), first);
        let own = "arn:aws:kms:us-east-1:123456789012:key/abc";
        assert_eq!(key("three", json!({"encryptionType": "KMS", "kmsKey": own})), own);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let mut account = Account::new("ecr");
        let with = |more: (&str, Value)| json!({"repositoryName": "app", more.0: more.1});
        let table = [
            json!({}),
            json!({"repositoryName": "No Name"}),
            with(("encryptionConfiguration", json!({"encryptionType": "ROT13"}))),
            with(("encryptionConfiguration", json!({"encryptionType": "AES256", "kmsKey": "abc"}))),
            with(("registryId", json!("1"))),
            with(("imageTagMutability", json!("SOMETIMES"))),
        ];
        for input in table {
            assert_eq!(account.refused("CreateRepository", &input), "InvalidParameterException", "{input}");
        }
        let missing = json!({"repositoryName": "app"});
        assert_eq!(account.refused("DeleteRepository", &missing), "RepositoryNotFoundException");
        let code = account.refused("DescribeRepositories", &json!({"repositoryNames": vec!["app"; 101]}));
        assert_eq!(code, "InvalidParameterException");
    }

    #[test]
    fn scanning_can_be_switched() {
        let mut account = Account::new("ecr");
        account.ok("CreateRepository", &json!({"repositoryName": "app"}));
        let scanning = json!({"scanOnPush": true});
        let put = json!({"repositoryName": "app", "imageScanningConfiguration": scanning});
        assert_eq!(account.ok("PutImageScanningConfiguration", &put)["imageScanningConfiguration"], scanning);
        let read = account.ok("DescribeRepositories", &json!({}));
        assert_eq!(read["repositories"][0]["imageScanningConfiguration"], scanning);
    }
}
