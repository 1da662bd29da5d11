// SPDX-License-Identifier: MIT OR Apache-2.0

use crate::sandbox::{service::ecr::digest, testing::Account};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

fn account(mutability: &str) -> Account {
    let mut account = Account::new("ecr");
    account.ok("CreateRepository", &json!({"repositoryName": "app", "imageTagMutability": mutability}));
    for layer in ["one", "two"] {
        let id = account.ok("InitiateLayerUpload", &json!({"repositoryName": "app"}))["uploadId"].clone();
        let blob = BASE64_STANDARD.encode(layer);
        account.ok(
            "UploadLayerPart",
            &json!({"repositoryName": "app", "uploadId": id, "partFirstByte": 0, "partLastByte": 2, "layerPartBlob": blob}),
        );
        let digests = [digest(layer.as_bytes())];
        account.ok(
            "CompleteLayerUpload",
            &json!({"repositoryName": "app", "uploadId": id, "layerDigests": digests}),
        );
    }
    account
}

fn manifest(layers: &[&str]) -> String {
    let layers: Vec<Value> = layers.iter().map(|layer| json!({"digest": digest(layer.as_bytes())})).collect();
    json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers}).to_string()
}

fn put(manifest: &str, tag: Option<&str>) -> Value {
    json!({"repositoryName": "app", "imageManifest": manifest, "imageTag": tag})
}

fn listed(account: &mut Account, status: &str) -> Vec<String> {
    let asked = json!({"repositoryName": "app", "filter": {"tagStatus": status}});
    let ids = account.ok("ListImages", &asked)["imageIds"].clone();
    let tag = |id: &Value| id["imageTag"].as_str().unwrap_or("-").to_owned();
    let mut tags: Vec<String> = ids.as_array().into_iter().flatten().map(tag).collect();
    tags.sort();
    tags
}

#[test]
fn an_image_has_the_digest_of_its_manifest() {
    let mut account = account("MUTABLE");
    let text = manifest(&["one", "two"]);
    let made = account.ok("PutImage", &put(&text, Some("v1")))["image"].clone();
    assert_eq!(made["imageId"], json!({"imageDigest": digest(text.as_bytes()), "imageTag": "v1"}));
    let got =
        account.ok("BatchGetImage", &json!({"repositoryName": "app", "imageIds": [{"imageTag": "v1"}]}));
    assert_eq!(got["images"][0]["imageManifest"], text);
    let details = account.ok("DescribeImages", &json!({"repositoryName": "app"}))["imageDetails"].clone();
    assert_eq!((&details[0]["imageTags"], &details[0]["imageSizeInBytes"]), (&json!(["v1"]), &json!(6)));
    let url = json!({"repositoryName": "app", "layerDigest": digest(b"one")});
    assert!(account.ok("GetDownloadUrlForLayer", &url)["downloadUrl"].is_string());
    let ecr = &account.world.regions["us-east-1"].ecr;
    let has = |image: &str| ecr.has_image("123456789012", "us-east-1", image);
    let host = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
    assert_eq!(has(&format!("{host}/app:v1")), Some(true));
    assert_eq!(has(&format!("{host}/app:v1@{}", digest(text.as_bytes()))), Some(true));
    assert_eq!(has(&format!("{host}/app")), Some(false), "there is no latest");
    assert_eq!(has(&format!("{host}/other:v1")), Some(false));
    assert_eq!(has("nginx"), None);
    assert_eq!(has("210987654321.dkr.ecr.us-east-1.amazonaws.com/app:v1"), None);
}

#[test]
fn a_tag_moves_unless_it_is_immutable() {
    let (first, second) = (manifest(&["one"]), manifest(&["two"]));
    let mut mutable = account("MUTABLE");
    mutable.ok("PutImage", &put(&first, Some("v1")));
    assert_eq!(mutable.refused("PutImage", &put(&first, Some("v1"))), "ImageAlreadyExistsException");
    mutable.ok("PutImage", &put(&first, Some("v2")));
    mutable.ok("PutImage", &put(&second, Some("v1")));
    assert_eq!(listed(&mut mutable, "TAGGED"), ["v1", "v2"]);
    let mut immutable = account("IMMUTABLE");
    immutable.ok("PutImage", &put(&first, Some("v1")));
    assert_eq!(immutable.refused("PutImage", &put(&first, Some("v1"))), "ImageAlreadyExistsException");
    assert_eq!(immutable.refused("PutImage", &put(&second, Some("v1"))), "ImageTagAlreadyExistsException");
    immutable.ok("PutImage", &put(&second, None));
    assert_eq!(immutable.refused("PutImage", &put(&second, None)), "ImageAlreadyExistsException");
    assert_eq!(listed(&mut immutable, "UNTAGGED"), ["-"]);
}

#[test]
fn manifests_that_cannot_be_are_refused() {
    let mut account = account("MUTABLE");
    let list = |digest: &str| json!({"mediaType": LIST, "manifests": [{"digest": digest}]}).to_string();
    let nameless = json!({"layers": [{"digest": digest(b"one")}]}).to_string();
    let mut other = put(&manifest(&["one"]), None);
    other["imageDigest"] = digest(b"other").into();
    let table = [
        (put("{", None), "InvalidParameterException"),
        (put("{\"mediaType\": \"x\"}", None), "InvalidParameterException"),
        (put(&nameless, None), "InvalidParameterException"),
        (put(&manifest(&["one"]), Some("-no tag")), "InvalidParameterException"),
        (put(&manifest(&["three"]), None), "LayersNotFoundException"),
        (put(&list(&digest(b"none")), None), "ReferencedImagesNotFoundException"),
        (other, "ImageDigestDoesNotMatchException"),
        (json!({"repositoryName": "other", "imageManifest": "{}"}), "RepositoryNotFoundException"),
    ];
    for (input, code) in table {
        assert_eq!(account.refused("PutImage", &input), code, "{input}");
    }
}

#[test]
fn images_are_deleted_by_digest_and_with_their_last_tag() {
    let mut account = account("MUTABLE");
    let text = manifest(&["one"]);
    account.ok("PutImage", &put(&text, Some("v1")));
    account.ok("PutImage", &put(&text, Some("v2")));
    let delete = |id: Value| json!({"repositoryName": "app", "imageIds": [id]});
    account.ok("BatchDeleteImage", &delete(json!({"imageTag": "v1"})));
    assert_eq!(listed(&mut account, "ANY"), ["v2"]);
    account.ok("BatchDeleteImage", &delete(json!({"imageTag": "v2"})));
    assert_eq!(listed(&mut account, "ANY"), Vec::<String>::new());
    account.ok("PutImage", &put(&text, Some("v1")));
    account.ok("PutImage", &put(&text, Some("v2")));
    let gone = account.ok("BatchDeleteImage", &delete(json!({"imageDigest": digest(text.as_bytes())})));
    assert_eq!(gone["imageIds"].as_array().map(Vec::len), Some(2));
    let failure = account.ok("BatchDeleteImage", &delete(json!({"imageTag": "v1"})))["failures"][0].clone();
    assert_eq!(failure["failureCode"], "ImageNotFound");
}

#[test]
fn what_a_list_of_manifests_needs_stays() {
    let mut account = account("MUTABLE");
    let text = manifest(&["one"]);
    let inner = digest(text.as_bytes());
    account.ok("PutImage", &put(&text, None));
    let list = json!({"mediaType": LIST, "manifests": [{"digest": inner}]}).to_string();
    account.ok("PutImage", &put(&list, Some("v1")));
    let delete = json!({"repositoryName": "app", "imageIds": [{"imageDigest": inner}]});
    let failure = account.ok("BatchDeleteImage", &delete)["failures"][0].clone();
    assert_eq!(failure["failureCode"], "ImageReferencedByManifestList");
}

#[test]
fn each_image_of_a_batch_has_its_own_failure() {
    let mut account = account("MUTABLE");
    account.ok("PutImage", &put(&manifest(&["one"]), Some("v1")));
    let other = digest(b"other");
    let ids = json!([
        {"imageTag": "v1"},
        {"imageTag": "v2"},
        {"imageDigest": "x"},
        {"imageTag": "v1", "imageDigest": other},
        {},
    ]);
    let got = account.ok("BatchGetImage", &json!({"repositoryName": "app", "imageIds": ids}));
    assert_eq!(got["images"].as_array().map(Vec::len), Some(1));
    let codes: Vec<&str> = got["failures"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["failureCode"].as_str())
        .collect();
    assert_eq!(
        codes,
        ["ImageNotFound", "InvalidImageDigest", "ImageTagDoesNotMatchDigest", "MissingDigestAndTag"]
    );
    let describe = json!({"repositoryName": "app", "imageIds": [{"imageTag": "v2"}]});
    assert_eq!(account.refused("DescribeImages", &describe), "ImageNotFoundException");
    let none = json!({"repositoryName": "app", "imageIds": []});
    assert_eq!(account.refused("BatchGetImage", &none), "InvalidParameterException");
}

#[test]
fn a_repository_with_images_is_deleted_by_force_only() {
    let mut account = account("MUTABLE");
    account.ok("PutImage", &put(&manifest(&["one"]), Some("v1")));
    let delete = json!({"repositoryName": "app"});
    assert_eq!(account.refused("DeleteRepository", &delete), "RepositoryNotEmptyException");
    account.ok("DeleteRepository", &json!({"repositoryName": "app", "force": true}));
    assert_eq!(account.refused("DeleteRepository", &delete), "RepositoryNotFoundException");
}

#[test]
fn a_token_is_good_for_half_a_day() {
    let mut account = Account::new("ecr");
    let token = account.ok("GetAuthorizationToken", &json!({}))["authorizationData"][0].clone();
    assert_eq!(token["proxyEndpoint"], "https://123456789012.dkr.ecr.us-east-1.amazonaws.com");
    let text =
        BASE64_STANDARD.decode(token["authorizationToken"].as_str().unwrap_or_default()).unwrap_or_default();
    assert!(text.starts_with(b"AWS:"));
    assert_eq!(token["expiresAt"].as_f64(), Some(1_767_268_800.0));
}
