// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;
use serde_json::{Value, json};

fn tagging(tags: &[(&str, &str)]) -> String {
    let tags: String = tags
        .iter()
        .flat_map(|(key, value)| ["<Tag><Key>", key, "</Key><Value>", value, "</Value></Tag>"])
        .collect();
    format!("<Tagging><TagSet>{tags}</TagSet></Tagging>")
}

#[test]
fn a_new_bucket_has_the_settings_of_today() {
    let mut account = with_bucket();
    let encryption = ok(&mut account, "GET", "/b12?encryption", &[], "");
    assert_eq!(
        (all(&encryption, "SSEAlgorithm"), all(&encryption, "BucketKeyEnabled")),
        (vec!["AES256"], vec!["false"])
    );
    let block = ok(&mut account, "GET", "/b12?publicAccessBlock", &[], "");
    assert_eq!(block.matches("true").count(), 4);
    let ownership = ok(&mut account, "GET", "/b12?ownershipControls", &[], "");
    assert_eq!(all(&ownership, "ObjectOwnership"), ["BucketOwnerEnforced"]);
    assert!(!ok(&mut account, "GET", "/b12?versioning", &[], "").contains("<Status>"));
    for (target, code) in [
        ("/b12?policy", "NoSuchBucketPolicy"),
        ("/b12?policyStatus", "NoSuchBucketPolicy"),
        ("/b12?tagging", "NoSuchTagSet"),
        ("/b12?lifecycle", "NoSuchLifecycleConfiguration"),
        ("/b12?cors", "NoSuchCORSConfiguration"),
    ] {
        assert_eq!(refused(&mut account, "GET", target, &[], ""), (404, code.to_owned()));
    }
}

#[test]
fn tags_are_replaced_as_a_whole_and_checked() {
    let mut account = with_bucket();
    ok_with_md5(&mut account, "PUT", "/b12?tagging", &tagging(&[("a", "1"), ("b", "")]));
    ok_with_md5(&mut account, "PUT", "/b12?tagging", &tagging(&[("c", "x")]));
    assert_eq!(all(&ok(&mut account, "GET", "/b12?tagging", &[], ""), "Key"), ["c"]);
    let long = "k".repeat(129);
    for (tags, code) in [
        (vec![("a", "1"), ("a", "2")], "InvalidTag"),
        (vec![("aws:x", "1")], "InvalidTag"),
        (vec![("", "1")], "InvalidTag"),
        (vec![(long.as_str(), "1")], "InvalidTag"),
        (vec![("a", "1"); 51], "BadRequest"),
    ] {
        assert_eq!(code_with_md5(&mut account, "PUT", "/b12?tagging", &tagging(&tags)), code);
    }
    assert_eq!(code_with_md5(&mut account, "PUT", "/b12?tagging", "<Tagging/>"), "MalformedXML");
    assert_eq!(code_with_md5(&mut account, "PUT", "/b12?tagging", ""), "MissingRequestBodyError");
    assert_eq!(refused(&mut account, "PUT", "/b12?tagging", &[], tagging(&[])).1, "InvalidRequest");
    // No tags are as good as none set.
    ok_with_md5(&mut account, "PUT", "/b12?tagging", &tagging(&[]));
    assert_eq!(refused(&mut account, "GET", "/b12?tagging", &[], "").1, "NoSuchTagSet");
    ok(&mut account, "DELETE", "/b12?tagging", &[], "");
}

#[test]
fn public_access_ownership_versioning_and_encryption_are_set_and_deleted() {
    let mut account = with_bucket();
    let block = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>";
    ok(&mut account, "PUT", "/b12?publicAccessBlock", &[], block);
    let read = ok(&mut account, "GET", "/b12?publicAccessBlock", &[], "");
    assert_eq!((read.matches("true").count(), read.matches("false").count()), (1, 3));
    ok(&mut account, "DELETE", "/b12?publicAccessBlock", &[], "");
    let code = refused(&mut account, "GET", "/b12?publicAccessBlock", &[], "").1;
    assert_eq!(code, "NoSuchPublicAccessBlockConfiguration");

    ok(&mut account, "DELETE", "/b12?ownershipControls", &[], "");
    let code = refused(&mut account, "GET", "/b12?ownershipControls", &[], "").1;
    assert_eq!(code, "OwnershipControlsNotFoundError");
    let none =
        "<OwnershipControls><Rule><ObjectOwnership>Nobody</ObjectOwnership></Rule></OwnershipControls>";
    assert_eq!(refused(&mut account, "PUT", "/b12?ownershipControls", &[], none).1, "MalformedXML");

    let versioning = |inner: &str| format!("<VersioningConfiguration>{inner}</VersioningConfiguration>");
    for (inner, code) in [
        ("", "IllegalVersioningConfigurationException"),
        ("<Status>On</Status>", "MalformedXML"),
        ("<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>", "AccessDenied"),
        ("<Other/>", "MalformedXML"),
    ] {
        assert_eq!(refused(&mut account, "PUT", "/b12?versioning", &[], versioning(inner)).1, code);
    }
    ok(&mut account, "PUT", "/b12?versioning", &[], versioning("<Status>Suspended</Status>"));
    assert_eq!(all(&ok(&mut account, "GET", "/b12?versioning", &[], ""), "Status"), ["Suspended"]);

    let encryption = |default: &str, more: &str| {
        format!(
            "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>{default}\
             </ApplyServerSideEncryptionByDefault>{more}</Rule></ServerSideEncryptionConfiguration>"
        )
    };
    let kms = encryption("<SSEAlgorithm>aws:kms</SSEAlgorithm>", "<BucketKeyEnabled>true</BucketKeyEnabled>");
    ok(&mut account, "PUT", "/b12?encryption", &[], kms);
    let put = send(&mut account, "PUT", "/b12/k", &[], "x");
    assert_eq!(header(&put, "x-amz-server-side-encryption"), Some("aws:kms"));
    assert_eq!(header(&put, "x-amz-server-side-encryption-bucket-key-enabled"), Some("true"));
    let wrong = encryption("<SSEAlgorithm>rot13</SSEAlgorithm>", "");
    assert_eq!(refused(&mut account, "PUT", "/b12?encryption", &[], wrong).1, "MalformedXML");
    let key = encryption("<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>", "");
    assert_eq!(refused(&mut account, "PUT", "/b12?encryption", &[], key).1, "InvalidArgument");
    ok(&mut account, "DELETE", "/b12?encryption", &[], "");
    assert!(ok(&mut account, "GET", "/b12?encryption", &[], "").contains("AES256"));
}

#[test]
fn lifecycle_rules_are_checked_and_read_as_they_were_put() {
    let mut account = with_bucket();
    let rules = |rules: &str| format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
    let rule = |inner: &str| {
        format!("<Rule><ID>r</ID><Status>Enabled</Status><Filter><Prefix>a/</Prefix></Filter>{inner}</Rule>")
    };
    let days = "<Expiration><Days>3</Days></Expiration>";
    let put = rule(days);
    ok_with_md5(&mut account, "PUT", "/b12?lifecycle", &rules(&put));
    let read = send(&mut account, "GET", "/b12?lifecycle", &[], "");
    assert!(text(&read).contains(&put), "{}", text(&read));
    assert_eq!(
        header(&read, "x-amz-transition-default-minimum-object-size"),
        Some("all_storage_classes_128K")
    );
    // A rule without a name gets one.
    ok_with_md5(&mut account, "PUT", "/b12?lifecycle", &rules(&put.replace("<ID>r</ID>", "")));
    assert_eq!(all(&ok(&mut account, "GET", "/b12?lifecycle", &[], ""), "ID")[0].len(), 36);
    let table = [
        (String::new(), "MalformedXML"),
        (rule(""), "InvalidRequest"),
        (rule(days) + &rule(days), "InvalidArgument"),
        (rule(days).replace("Enabled", "On"), "MalformedXML"),
        (rule(days).replace("<Filter><Prefix>a/</Prefix></Filter>", ""), "MalformedXML"),
        (rule(days).replace("<Prefix>a/</Prefix>", "<Prefix>a/</Prefix><ObjectSizeLessThan>9</ObjectSizeLessThan>"), "MalformedXML"),
        (rule("<Expiration><Days>0</Days></Expiration>"), "InvalidArgument"),
        (rule("<Expiration><Days>x</Days></Expiration>"), "MalformedXML"),
        (rule("<Expiration><Days>1</Days><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"), "MalformedXML"),
        (rule("<Expiration><Date>2030-01-01T05:00:00Z</Date></Expiration>"), "InvalidArgument"),
        (rule("<NoncurrentVersionExpiration><NoncurrentDays>0</NoncurrentDays></NoncurrentVersionExpiration>"), "InvalidArgument"),
        (rule("<AbortIncompleteMultipartUpload><DaysAfterInitiation>0</DaysAfterInitiation></AbortIncompleteMultipartUpload>"), "InvalidArgument"),
        (rule("<Transition><Days>10</Days><StorageClass>STANDARD_IA</StorageClass></Transition>"), "InvalidArgument"),
        (rule("<Transition><Days>10</Days><StorageClass>COLD</StorageClass></Transition>"), "MalformedXML"),
        (
            rule("<Expiration><Days>30</Days></Expiration><Transition><Days>40</Days><StorageClass>GLACIER</StorageClass></Transition>"),
            "InvalidArgument",
        ),
        (
            rule("<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>")
                .replace("<Prefix>a/</Prefix>", "<Tag><Key>k</Key><Value>v</Value></Tag>"),
            "InvalidRequest",
        ),
        (rule("<Other/>"), "MalformedXML"),
    ];
    for (body, code) in table {
        assert_eq!(code_with_md5(&mut account, "PUT", "/b12?lifecycle", &rules(&body)), code, "{body}");
    }
    ok_with_md5(
        &mut account,
        "PUT",
        "/b12?lifecycle",
        &rules(&rule("<Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration>")),
    );
    ok(&mut account, "DELETE", "/b12?lifecycle", &[], "");
    assert_eq!(refused(&mut account, "GET", "/b12?lifecycle", &[], "").1, "NoSuchLifecycleConfiguration");
}

#[test]
fn cross_origin_rules_are_checked_and_kept() {
    let mut account = with_bucket();
    let rules = |inner: &str| format!("<CORSConfiguration><CORSRule>{inner}</CORSRule></CORSConfiguration>");
    let sound = "<AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://*.example.com</AllowedOrigin>";
    ok_with_md5(&mut account, "PUT", "/b12?cors", &rules(sound));
    assert!(ok(&mut account, "GET", "/b12?cors", &[], "").contains(sound));
    for (inner, code) in [
        ("<AllowedMethod>GET</AllowedMethod>".to_owned(), "MalformedXML"),
        (sound.replace("GET", "PATCH"), "InvalidRequest"),
        (sound.replace("example", "*"), "InvalidRequest"),
    ] {
        assert_eq!(code_with_md5(&mut account, "PUT", "/b12?cors", &rules(&inner)), code);
    }
    ok(&mut account, "DELETE", "/b12?cors", &[], "");
    assert_eq!(refused(&mut account, "GET", "/b12?cors", &[], "").1, "NoSuchCORSConfiguration");
}

fn statement() -> Value {
    json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::b12", "arn:aws:s3:::b12/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    })
}

fn policy(statement: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

#[test]
fn a_policy_is_kept_as_it_is_and_refuses_nobody() {
    let mut account = with_bucket();
    let tls_only = policy(&statement());
    ok(&mut account, "PUT", "/b12?policy", &[], &tls_only);
    assert_eq!(ok(&mut account, "GET", "/b12?policy", &[], ""), tls_only);
    assert!(ok(&mut account, "GET", "/b12?policyStatus", &[], "").contains("<IsPublic>FALSE</IsPublic>"));
    ok(&mut account, "PUT", "/b12/k", &[], "x");
    ok(&mut account, "DELETE", "/b12?policy", &[], "");
    ok(&mut account, "DELETE", "/b12?policy", &[], "");
    assert_eq!(refused(&mut account, "GET", "/b12?policy", &[], "").1, "NoSuchBucketPolicy");
}

#[test]
fn malformed_policies_are_refused() {
    let mut account = with_bucket();
    let with = |name: &str, value: Value| {
        let mut statement = statement();
        statement[name] = value;
        policy(&statement)
    };
    let without = |name: &str| {
        let mut statement = statement();
        statement.as_object_mut().and_then(|members| members.remove(name)).expect("a member");
        policy(&statement)
    };
    let bodies = [
        String::new(),
        "no json".to_owned(),
        "{".to_owned(),
        "[]".to_owned(),
        json!({"Version": "2012-10-17"}).to_string(),
        json!({"Version": "2012-10-17", "Statement": []}).to_string(),
        json!({"Version": "2012-10-17", "Statement": ["x"]}).to_string(),
        json!({"Version": "2020-01-01", "Statement": [statement()]}).to_string(),
        json!({"Version": "2012-10-17", "Statement": [statement()], "Other": 1}).to_string(),
        without("Effect"),
        without("Principal"),
        without("Action"),
        without("Resource"),
        with("Effect", json!("Maybe")),
        with("Principal", json!("me")),
        with("Principal", json!({"AWS": "arn:aws:iam::1:role/x"})),
        with("Action", json!("ec2:RunInstances")),
        with("Action", json!("s3:Fly")),
        with("Action", json!([])),
        with("NotAction", json!("s3:GetObject")),
        with("Resource", json!("arn:aws:s3:::other/*")),
        with("Resource", json!("arn:aws-cn:s3:::b12/*")),
        with("Resource", json!("b12")),
        with("Resource", json!(7)),
        with("Condition", json!({"Boolean": {"aws:SecureTransport": "false"}})),
        with("Condition", json!({"Bool": {"SecureTransport": "false"}})),
        policy(
            &json!({"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b12"}),
        ),
        policy(
            &json!({"Effect": "Deny", "Principal": "*", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b12/*"}),
        ),
        with("Sid", json!("x".repeat(30_000))),
    ];
    for body in bodies {
        let refusal = refused(&mut account, "PUT", "/b12?policy", &[], &body);
        assert_eq!(refusal, (400, "MalformedPolicy".to_owned()), "{body}");
    }
}

#[test]
fn public_policies_are_blocked_unless_that_is_off() {
    let mut account = with_bucket();
    let mut public = statement();
    public["Effect"] = "Allow".into();
    let everyone = refused(&mut account, "PUT", "/b12?policy", &[], policy(&public));
    assert_eq!(everyone, (403, "AccessDenied".to_owned()));
    public["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
    ok(&mut account, "PUT", "/b12?policy", &[], policy(&public));
    ok(&mut account, "DELETE", "/b12?publicAccessBlock", &[], "");
    public["Condition"] = json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}});
    ok(&mut account, "PUT", "/b12?policy", &[], policy(&public));
    assert!(ok(&mut account, "GET", "/b12?policyStatus", &[], "").contains("<IsPublic>TRUE</IsPublic>"));
}
