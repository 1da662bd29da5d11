// SPDX-License-Identifier: MIT OR Apache-2.0
//! Buckets: made, found, listed, deleted.

use super::{
    Answer, S3,
    access::PublicAccessBlock,
    acl,
    asked::{Asked, is_global_endpoint},
    encryption::Encryption,
    errors::{
        access_denied, invalid_argument, invalid_request, malformed_xml, no_such_bucket, not_implemented,
        refused, with_header,
    },
    lifecycle::Lifecycle,
    multipart::Upload,
    name,
    object::Version,
    ownership, tagging,
    versioning::Versioning,
    xml::{Element, document, nest},
};
use crate::sandbox::{
    error::ApiError,
    wire::{Response, element},
    world::{Cx, Tags, iso, later},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The regions that a bucket can be made in by name; us-east-1 is the one that goes without saying. `EU` is an old name.
const LOCATIONS: [&str; 38] = [
    "EU",
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// A bucket and all that is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Bucket {
    pub region: String,
    pub created: Timestamp,
    pub acl: String,
    pub tags: Tags,
    /// `None`: there was never any.
    pub versioning: Option<Versioning>,
    pub encryption: Encryption,
    pub public_access: Option<PublicAccessBlock>,
    pub ownership: Option<String>,
    pub lifecycle: Option<Lifecycle>,
    /// The rules.
    pub cors: Vec<Element>,
    /// As it was put.
    pub policy: Option<String>,
    /// The versions of each key, the latest last. No key is without one.
    pub objects: BTreeMap<String, Vec<Version>>,
    /// By id.
    pub uploads: BTreeMap<String, Upload>,
}

impl Bucket {
    fn new(region: &str, created: Timestamp) -> Self {
        Self {
            region: region.to_owned(),
            created,
            acl: acl::PRIVATE.to_owned(),
            tags: Tags::new(),
            versioning: None,
            encryption: Encryption::default(),
            public_access: Some(PublicAccessBlock::ALL),
            ownership: Some(ownership::ENFORCED.to_owned()),
            lifecycle: None,
            cors: Vec::new(),
            policy: None,
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
        }
    }
}

impl S3 {
    pub(super) fn bucket(&self, name: &str) -> Result<&Bucket, ApiError> {
        self.buckets.get(name).ok_or_else(|| no_such_bucket(name))
    }

    pub(super) fn bucket_mut(&mut self, name: &str) -> Result<&mut Bucket, ApiError> {
        self.buckets.get_mut(name).ok_or_else(|| no_such_bucket(name))
    }
}

/// Refuses a request about a bucket that is not there, not here, or not whose the request says.
pub(super) fn admit(cx: &Cx<'_>, asked: &Asked<'_>, sets: bool) -> Result<(), ApiError> {
    check_owner(cx, asked, "x-amz-expected-bucket-owner")?;
    let Some(bucket) = cx.s3.buckets.get(asked.bucket) else {
        name::check(asked.bucket)?;
        return Err(no_such_bucket(asked.bucket));
    };
    if bucket.region != cx.region {
        return Err(elsewhere(asked.bucket, bucket));
    }
    // The bucket itself is known at once, but not yet where its settings are kept.
    if sets && later(bucket.created, cx.behaviour.timings.visibility) > cx.now {
        return Err(no_such_bucket(asked.bucket));
    }
    Ok(())
}

/// Refuses if the header names an owner that is not this account.
pub(super) fn check_owner(cx: &Cx<'_>, asked: &Asked<'_>, header: &str) -> Result<(), ApiError> {
    let Some(owner) = asked.header(header) else { return Ok(()) };
    if owner.len() != 12 || !owner.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(ApiError::new(
            "InvalidBucketOwnerAWSAccountID",
            "The value of the expected bucket owner parameter must be an AWS account ID",
        ));
    }
    if owner == cx.account { Ok(()) } else { Err(access_denied("Access Denied")) }
}

fn elsewhere(name: &str, bucket: &Bucket) -> ApiError {
    let error = refused(
        301,
        "PermanentRedirect",
        "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests \
         to this endpoint.",
    );
    let error =
        error.with("Endpoint", format!("{name}.s3.{}.amazonaws.com", bucket.region)).with("Bucket", name);
    with_header(error, "x-amz-bucket-region", &bucket.region)
}

pub(super) fn create(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let name = asked.bucket;
    name::check(name)?;
    if asked.header("x-amz-bucket-object-lock-enabled").is_some_and(|lock| lock.eq_ignore_ascii_case("true"))
    {
        return Err(not_implemented());
    }
    let configuration = if asked.body().is_empty() {
        Element::default()
    } else {
        asked.document("CreateBucketConfiguration")?
    };
    configuration.only(&["LocationConstraint", "Tags"], &[])?;
    let region = region_for(cx.region, &asked.request.host, configuration.text("LocationConstraint"))?;
    let tags = configuration.child("Tags").map(tagging::of_bucket).transpose()?.unwrap_or_default();
    let ownership = asked.header("x-amz-object-ownership").unwrap_or(ownership::ENFORCED);
    ownership::check(ownership).map_err(|_| {
        invalid_argument("x-amz-object-ownership", ownership, "Invalid x-amz-object-ownership header")
    })?;
    let canned = acl::canned(asked)?.unwrap_or(acl::PRIVATE);
    acl::check(canned, Some(ownership), Some(PublicAccessBlock::ALL))?;
    if let Some(mine) = cx.s3.buckets.get_mut(name) {
        // Only us-east-1 lets its owner make a bucket again, which sets its access back and leaves all else as it is.
        if mine.region == "us-east-1" && region == "us-east-1" {
            canned.clone_into(&mut mine.acl);
            return Ok(created(name, "us-east-1"));
        }
        return Err(refused(
            409,
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
        )
        .with("BucketName", name));
    }
    let gone = cx.s3.deleted.get(name).map(|deleted| later(*deleted, cx.behaviour.timings.visibility));
    if gone.is_some_and(|gone| gone > cx.now) {
        return Err(conflicting());
    }
    cx.s3.deleted.remove(name);
    let mut bucket = Bucket::new(&region, cx.now);
    bucket.tags = tags;
    canned.clone_into(&mut bucket.acl);
    bucket.ownership = Some(ownership.to_owned());
    cx.s3.buckets.insert(name.to_owned(), bucket);
    Ok(created(name, &region))
}

fn created(name: &str, region: &str) -> Response {
    let location =
        if region == "us-east-1" { format!("/{name}") } else { format!("http://{name}.s3.amazonaws.com/") };
    Response::empty(200).with("location", location)
}

fn conflicting() -> ApiError {
    refused(
        409,
        "OperationAborted",
        "A conflicting conditional operation is currently in progress against this resource. Please try again.",
    )
}

/// The region that a bucket is made in by a request to `here` with this constraint.
fn region_for(here: &str, host: &str, constraint: Option<&str>) -> Result<String, ApiError> {
    let constraint = constraint.filter(|constraint| !constraint.is_empty());
    let incompatible = |what: &str| {
        refused(
            400,
            "IllegalLocationConstraintException",
            format!(
                "The {what} location constraint is incompatible for the region specific endpoint this request was sent to."
            ),
        )
    };
    match constraint {
        None if here == "us-east-1" => Ok(here.to_owned()),
        None => Err(incompatible("unspecified")),
        Some(place) if !LOCATIONS.contains(&place) => {
            Err(ApiError::new("InvalidLocationConstraint", "The specified location-constraint is not valid")
                .with("LocationConstraint", place))
        }
        Some(place) => {
            let region = if place == "EU" { "eu-west-1" } else { place };
            let anywhere = here == "us-east-1" && is_global_endpoint(host);
            if region == here || anywhere { Ok(region.to_owned()) } else { Err(incompatible(place)) }
        }
    }
}

pub(super) fn head(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let region = cx.s3.bucket(asked.bucket)?.region.clone();
    Ok(Response::empty(200)
        .with("x-amz-bucket-region", region)
        .with("x-amz-access-point-alias", "false")
        .with("content-type", "application/xml"))
}

pub(super) fn delete(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let bucket = cx.s3.bucket(asked.bucket)?;
    if !bucket.objects.is_empty() {
        let message = if bucket.versioning.is_some() {
            "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
        } else {
            "The bucket you tried to delete is not empty"
        };
        return Err(refused(409, "BucketNotEmpty", message).with("BucketName", asked.bucket));
    }
    // Uploads that were begun go with the bucket.
    cx.s3.buckets.remove(asked.bucket);
    if !cx.behaviour.timings.visibility.is_zero() {
        cx.s3.deleted.insert(asked.bucket.to_owned(), cx.now);
    }
    Ok(Response::empty(204))
}

pub(super) fn location(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    let region = &cx.s3.bucket(asked.bucket)?.region;
    Ok(document("LocationConstraint", if region == "us-east-1" { "" } else { region }))
}

pub(super) fn list(cx: &mut Cx<'_>, asked: &Asked<'_>) -> Answer {
    if asked.request.method != "GET" {
        return Err(refused(
            405,
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
        ));
    }
    let most = asked.parameter("max-buckets").map_or(Ok(10_000), |text| {
        let number = text.parse().ok().filter(|number| (1..=10_000).contains(number));
        number.ok_or_else(|| {
            invalid_argument(
                "max-buckets",
                text,
                "Argument max-buckets must be an integer between 1 and 10000",
            )
        })
    })?;
    let after = asked.parameter("continuation-token").map(after).transpose()?.unwrap_or_default();
    let prefix = asked.parameter("prefix").unwrap_or_default();
    let region = asked.parameter("bucket-region");
    let mut fitting = cx.s3.buckets.iter().filter(|(name, bucket)| {
        name.starts_with(prefix) && **name > after && region.is_none_or(|region| bucket.region == region)
    });
    let page: Vec<_> = fitting.by_ref().take(most).collect();
    let more = fitting.next().is_some();
    let buckets: String = page.iter().map(|(name, bucket)| listed(cx, name, bucket)).collect();
    let mut inner = acl::owner("Owner", cx.account) + &nest("Buckets", &buckets);
    if asked.parameter("prefix").is_some() {
        inner += &element("Prefix", prefix);
    }
    if let Some((name, _)) = page.last().filter(|_| more) {
        inner += &element("ContinuationToken", &BASE64_URL_SAFE_NO_PAD.encode(name));
    }
    Ok(document("ListAllMyBucketsResult", &inner))
}

fn after(token: &str) -> Result<String, ApiError> {
    let name = BASE64_URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| invalid_request("The continuation token provided is incorrect"))
}

fn listed(cx: &Cx<'_>, name: &str, bucket: &Bucket) -> String {
    let inner = [
        element("Name", name),
        element("CreationDate", iso(bucket.created).as_str().unwrap_or_default()),
        element("BucketRegion", &bucket.region),
        element("BucketArn", &arn(cx, name)),
    ];
    nest("Bucket", &inner.concat())
}

/// The ARN of a bucket: it names neither a region nor an account.
pub(super) fn arn(cx: &Cx<'_>, name: &str) -> String {
    format!("arn:{}:s3:::{name}", cx.partition())
}

/// Refuses a document with no value where one must be.
pub(super) fn required<'e>(element: &'e Element, name: &str) -> Result<&'e str, ApiError> {
    element.text(name).filter(|text| !text.is_empty()).ok_or_else(malformed_xml)
}
