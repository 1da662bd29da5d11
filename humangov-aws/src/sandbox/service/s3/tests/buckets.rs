// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;

/// Sends a request that is signed for us-west-2.
fn west(account: &mut Account, method: &str, target: &str, body: &str) -> Response {
    use crate::sandbox::{service, wire::Request};
    let scope = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-west-2/s3/aws4_request, Signature=0";
    let headers = [("authorization".to_owned(), scope.to_owned())];
    let request = Request::new(method, target, headers, body.as_bytes().to_vec());
    let s3 = service::Service::S3;
    let read = service::read(s3, &request).expect("a request");
    service::execute(&mut account.world, s3, &request, &read, account.now, "request-1").0
}

fn constraint(place: &str) -> String {
    format!(
        "<CreateBucketConfiguration><LocationConstraint>{place}</LocationConstraint></CreateBucketConfiguration>"
    )
}

fn code(response: &Response) -> String {
    between(&text(response), "<Code>", "</Code>").to_owned()
}

#[test]
fn a_bucket_is_made_found_listed_and_deleted() {
    let mut account = with_bucket();
    let head = send(&mut account, "HEAD", "/b12", &[], "");
    assert_eq!((head.status, header(&head, "x-amz-bucket-region")), (200, Some("us-east-1")));
    let list = ok(&mut account, "GET", "/", &[], "");
    assert_eq!(all(&list, "Name"), ["b12"]);
    assert_eq!(all(&list, "BucketArn"), ["arn:aws:s3:::b12"]);
    assert!(ok(&mut account, "GET", "/b12?location", &[], "").ends_with("\"></LocationConstraint>"));
    assert_eq!(send(&mut account, "DELETE", "/b12", &[], "").status, 204);
    let gone = send(&mut account, "HEAD", "/b12", &[], "");
    assert_eq!((gone.status, gone.body.len()), (404, 0));
    assert_eq!(refused(&mut account, "DELETE", "/b12", &[], ""), (404, "NoSuchBucket".to_owned()));
}

#[test]
fn making_a_bucket_again_works_in_one_region_only() {
    let mut account = with_bucket();
    ok(&mut account, "PUT", "/b12", &[], "");
    let made = west(&mut account, "PUT", "/w12", &constraint("us-west-2"));
    assert_eq!((made.status, header(&made, "location")), (200, Some("http://w12.s3.amazonaws.com/")));
    for (name, place) in [("/w12", "us-west-2"), ("/b12", "us-west-2")] {
        let again = west(&mut account, "PUT", name, &constraint(place));
        assert_eq!((again.status, code(&again)), (409, "BucketAlreadyOwnedByYou".to_owned()));
    }
    assert_eq!(refused(&mut account, "PUT", "/w12", &[], "").1, "BucketAlreadyOwnedByYou");
}

#[test]
fn a_bucket_is_made_where_the_request_goes() {
    let mut account = Account::new("s3");
    for body in [String::new(), constraint("eu-west-1")] {
        let made = west(&mut account, "PUT", "/w12", &body);
        assert_eq!((made.status, code(&made)), (400, "IllegalLocationConstraintException".to_owned()));
    }
    assert_eq!(code(&west(&mut account, "PUT", "/w12", &constraint("mars-1"))), "InvalidLocationConstraint");
    let invalid = refused(&mut account, "PUT", "/e12", &[], constraint("us-east-1"));
    assert_eq!(invalid.1, "InvalidLocationConstraint");
    // The global endpoint makes buckets anywhere; the one of us-east-1 does not.
    let host = [("host", "s3.us-east-1.amazonaws.com")];
    let regional = refused(&mut account, "PUT", "/e12", &host, constraint("EU"));
    assert_eq!(regional.1, "IllegalLocationConstraintException");
    ok(&mut account, "PUT", "/e12", &[("host", "s3.amazonaws.com")], constraint("EU"));
    assert_eq!(all(&ok(&mut account, "GET", "/", &[], ""), "BucketRegion"), ["eu-west-1"]);
    assert_eq!(refused(&mut account, "PUT", "/Ab_", &[], ""), (400, "InvalidBucketName".to_owned()));
    assert_eq!(refused(&mut account, "PUT", "/f12", &[], "<Other/>").1, "MalformedXML");
    let name = constraint("us-west-2").replace("LocationConstraint", "Location");
    assert_eq!(refused(&mut account, "PUT", "/f12", &[], name).1, "MalformedXML");
}

#[test]
fn another_region_says_where_the_bucket_is() {
    let mut account = with_bucket();
    let head = west(&mut account, "HEAD", "/b12", "");
    assert_eq!((head.status, header(&head, "x-amz-bucket-region")), (301, Some("us-east-1")));
    assert!(head.body.is_empty());
    let get = west(&mut account, "GET", "/b12?tagging", "");
    assert_eq!((get.status, code(&get)), (301, "PermanentRedirect".to_owned()));
    assert!(
        text(&get).contains("<Endpoint>b12.s3.us-east-1.amazonaws.com</Endpoint>")
            && !text(&get).contains('@')
    );
    // Lists are of all regions.
    assert!(text(&west(&mut account, "GET", "/", "")).contains("<Name>b12</Name>"));
}

#[test]
fn both_styles_of_addresses_are_known() {
    let mut account = with_bucket();
    ok(&mut account, "PUT", "/k", &[("host", "b12.s3.us-east-1.amazonaws.com")], "x");
    assert_eq!(ok(&mut account, "GET", "/b12/k", &[("host", "127.0.0.1:4000")], ""), "x");
}

#[test]
fn only_an_empty_bucket_is_deleted() {
    let mut account = with_bucket();
    enable_versions(&mut account);
    ok(&mut account, "PUT", "/b12/k", &[], "x");
    ok(&mut account, "DELETE", "/b12/k", &[], "");
    assert_eq!(refused(&mut account, "DELETE", "/b12", &[], ""), (409, "BucketNotEmpty".to_owned()));
    let versions = ok(&mut account, "GET", "/b12?versions", &[], "");
    assert_eq!(all(&versions, "VersionId").len(), 2);
    for id in all(&versions, "VersionId") {
        ok(&mut account, "DELETE", &format!("/b12/k?versionId={id}"), &[], "");
    }
    ok(&mut account, "DELETE", "/b12", &[], "");
}

#[test]
fn buckets_are_listed_by_prefix_in_pages() {
    let mut account = Account::new("s3");
    for name in ["a01", "a02", "a03", "b01"] {
        ok(&mut account, "PUT", &format!("/{name}"), &[], "");
    }
    let first = ok(&mut account, "GET", "/?prefix=a&max-buckets=2", &[], "");
    assert_eq!(all(&first, "Name"), ["a01", "a02"]);
    let token = between(&first, "<ContinuationToken>", "</ContinuationToken>");
    let next = format!("/?prefix=a&max-buckets=2&continuation-token={token}");
    let second = ok(&mut account, "GET", &next, &[], "");
    assert_eq!((all(&second, "Name"), second.contains("ContinuationToken")), (vec!["a03"], false));
    assert_eq!(refused(&mut account, "GET", "/?max-buckets=0", &[], "").1, "InvalidArgument");
    assert_eq!(refused(&mut account, "GET", "/?continuation-token=%21", &[], "").1, "InvalidRequest");
}

#[test]
fn a_wrong_owner_is_refused() {
    let mut account = with_bucket();
    let owner = |id| [("x-amz-expected-bucket-owner", id)];
    ok(&mut account, "GET", "/b12", &owner("123456789012"), "");
    let other = refused(&mut account, "GET", "/b12", &owner("999999999999"), "");
    assert_eq!(other, (403, "AccessDenied".to_owned()));
    assert_eq!(refused(&mut account, "GET", "/b12", &owner("me"), "").1, "InvalidBucketOwnerAWSAccountID");
}

#[test]
fn settings_of_a_new_bucket_take_a_moment_and_so_does_its_name_after_it() {
    let mut account = Account::with("s3", Timings::aws_like());
    ok(&mut account, "PUT", "/b12", &[], "");
    ok(&mut account, "HEAD", "/b12", &[], "");
    let versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let early = refused(&mut account, "PUT", "/b12?versioning", &[], versioning);
    assert_eq!(early, (404, "NoSuchBucket".to_owned()));
    account.wait(Duration::from_secs(2));
    ok(&mut account, "PUT", "/b12?versioning", &[], versioning);
    ok(&mut account, "DELETE", "/b12", &[], "");
    assert_eq!(refused(&mut account, "PUT", "/b12", &[], ""), (409, "OperationAborted".to_owned()));
    account.wait(Duration::from_secs(2));
    ok(&mut account, "PUT", "/b12", &[], "");
}

#[test]
fn access_control_lists_are_off_unless_asked_for() {
    let mut account = Account::new("s3");
    let public = ("x-amz-acl", "public-read");
    let code = refused(&mut account, "PUT", "/b12", &[public], "").1;
    assert_eq!(code, "InvalidBucketAclWithObjectOwnership");
    let writer = ("x-amz-object-ownership", "ObjectWriter");
    let code = refused(&mut account, "PUT", "/b12", &[public, writer], "").1;
    assert_eq!(code, "InvalidBucketAclWithBlockPublicAccessError");
    ok(&mut account, "PUT", "/b12", &[writer], "");
    assert_eq!(refused(&mut account, "PUT", "/b12?acl", &[public], ""), (403, "AccessDenied".to_owned()));
    ok(&mut account, "DELETE", "/b12?publicAccessBlock", &[], "");
    ok(&mut account, "PUT", "/b12?acl", &[public], "");
    let grants = ok(&mut account, "GET", "/b12?acl", &[], "");
    assert_eq!(all(&grants, "Permission"), ["FULL_CONTROL", "READ"]);
    let enforced = "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>";
    let code = refused(&mut account, "PUT", "/b12?ownershipControls", &[], enforced).1;
    assert_eq!(code, "InvalidBucketAclWithObjectOwnership");
    // Made again, a bucket is its owner's alone.
    ok(&mut account, "PUT", "/b12", &[], "");
    ok(&mut account, "PUT", "/b12?ownershipControls", &[], enforced);
    assert_eq!(refused(&mut account, "PUT", "/b12?acl", &[public], "").1, "AccessControlListNotSupported");
    let with_acl = refused(&mut account, "PUT", "/b12/k", &[public], "");
    assert_eq!(with_acl, (400, "AccessControlListNotSupported".to_owned()));
}

#[test]
fn the_transcript_learns_names_and_tags() {
    use crate::sandbox::{service::s3::read, wire::Request};
    let body = "<CreateBucketConfiguration><Tags><Tag><Key>humangov:stack</Key><Value>ohio</Value></Tag></Tags></CreateBucketConfiguration>";
    let (operation, input) = read(&Request::new("PUT", "/b12", [], body.as_bytes().to_vec()));
    assert_eq!((operation, &input["Bucket"]), ("CreateBucket", &"b12".into()));
    assert_eq!(input["Tags"][0]["Value"], "ohio");
    let (operation, input) = read(&Request::new("GET", "/b12/a/k", [], Vec::new()));
    assert_eq!((operation, &input["Key"]), ("GetObject", &"a/k".into()));
}

#[test]
fn what_is_not_modelled_is_refused_and_harms_nothing() {
    let mut account = with_bucket();
    for target in ["/b12?versioning", "/b12?website", "/b12?replication", "/b12?acl"] {
        assert_eq!(refused(&mut account, "DELETE", target, &[], ""), (501, "NotImplemented".to_owned()));
    }
    assert_eq!(refused(&mut account, "POST", "/", &[], "").0, 405);
    ok(&mut account, "HEAD", "/b12", &[], "");
    assert_eq!(refused(&mut account, "GET", "/b12?website", &[], "").1, "NoSuchWebsiteConfiguration");
    ok(&mut account, "GET", "/b12?logging", &[], "");
}
