// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which operation a request is: by its method, by whether it names a key, and by parameters that stand for a sub-resource.

use super::{
    Answer, access, acl,
    asked::{Asked, Place},
    bucket, configuration, copy, delete, encryption,
    errors::not_implemented,
    get, lifecycle, list, multipart, ownership, policy, put, tagging, versioning, versions,
};
use crate::sandbox::{wire::Request, world::Cx};

type Run = fn(&mut Cx<'_>, &Asked<'_>) -> Answer;

/// What an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Account,
    Bucket,
    Object,
}

/// One operation.
pub(super) struct Route {
    pub method: &'static str,
    pub scope: Scope,
    /// Parameters, or headers of AWS, that must be there; joined by `&`.
    pub marks: &'static str,
    pub name: &'static str,
    pub run: Run,
}

const fn account(method: &'static str, marks: &'static str, name: &'static str, run: Run) -> Route {
    Route { method, scope: Scope::Account, marks, name, run }
}

const fn bucket(method: &'static str, marks: &'static str, name: &'static str, run: Run) -> Route {
    Route { method, scope: Scope::Bucket, marks, name, run }
}

const fn object(method: &'static str, marks: &'static str, name: &'static str, run: Run) -> Route {
    Route { method, scope: Scope::Object, marks, name, run }
}

/// All operations; those with marks before those without.
#[rustfmt::skip]
static ROUTES: [Route; 60] = [
    account("GET", "", "ListBuckets", bucket::list),

    bucket("GET", "acl", "GetBucketAcl", acl::get),
    bucket("PUT", "acl", "PutBucketAcl", acl::put),
    bucket("GET", "cors", "GetBucketCors", configuration::get_cors),
    bucket("PUT", "cors", "PutBucketCors", configuration::put_cors),
    bucket("DELETE", "cors", "DeleteBucketCors", configuration::delete_cors),
    bucket("POST", "delete", "DeleteObjects", delete::many),
    bucket("GET", "encryption", "GetBucketEncryption", encryption::get),
    bucket("PUT", "encryption", "PutBucketEncryption", encryption::put),
    bucket("DELETE", "encryption", "DeleteBucketEncryption", encryption::delete),
    bucket("GET", "lifecycle", "GetBucketLifecycleConfiguration", lifecycle::get),
    bucket("PUT", "lifecycle", "PutBucketLifecycleConfiguration", lifecycle::put),
    bucket("DELETE", "lifecycle", "DeleteBucketLifecycle", lifecycle::delete),
    bucket("GET", "location", "GetBucketLocation", bucket::location),
    bucket("GET", "ownershipControls", "GetBucketOwnershipControls", ownership::get),
    bucket("PUT", "ownershipControls", "PutBucketOwnershipControls", ownership::put),
    bucket("DELETE", "ownershipControls", "DeleteBucketOwnershipControls", ownership::delete),
    bucket("GET", "policy", "GetBucketPolicy", policy::get),
    bucket("PUT", "policy", "PutBucketPolicy", policy::put),
    bucket("DELETE", "policy", "DeleteBucketPolicy", policy::delete),
    bucket("GET", "policyStatus", "GetBucketPolicyStatus", policy::status),
    bucket("GET", "publicAccessBlock", "GetPublicAccessBlock", access::get),
    bucket("PUT", "publicAccessBlock", "PutPublicAccessBlock", access::put),
    bucket("DELETE", "publicAccessBlock", "DeletePublicAccessBlock", access::delete),
    bucket("GET", "tagging", "GetBucketTagging", tagging::get_of_bucket),
    bucket("PUT", "tagging", "PutBucketTagging", tagging::put_on_bucket),
    bucket("DELETE", "tagging", "DeleteBucketTagging", tagging::delete_of_bucket),
    bucket("GET", "uploads", "ListMultipartUploads", multipart::list_uploads),
    bucket("GET", "versioning", "GetBucketVersioning", versioning::get),
    bucket("PUT", "versioning", "PutBucketVersioning", versioning::put),
    bucket("GET", "versions", "ListObjectVersions", versions::list),
    bucket("GET", "list-type", "ListObjectsV2", list::second),
    bucket("GET", "accelerate", "GetBucketAccelerateConfiguration", configuration::never_set),
    bucket("GET", "logging", "GetBucketLogging", configuration::never_set),
    bucket("GET", "notification", "GetBucketNotificationConfiguration", configuration::never_set),
    bucket("GET", "object-lock", "GetObjectLockConfiguration", configuration::never_set),
    bucket("GET", "replication", "GetBucketReplication", configuration::never_set),
    bucket("GET", "requestPayment", "GetBucketRequestPayment", configuration::never_set),
    bucket("GET", "website", "GetBucketWebsite", configuration::never_set),
    bucket("GET", "", "ListObjects", list::first),
    bucket("HEAD", "", "HeadBucket", bucket::head),
    bucket("PUT", "", "CreateBucket", bucket::create),
    bucket("DELETE", "", "DeleteBucket", bucket::delete),

    object("GET", "tagging", "GetObjectTagging", tagging::get_of_object),
    object("PUT", "tagging", "PutObjectTagging", tagging::put_on_object),
    object("DELETE", "tagging", "DeleteObjectTagging", tagging::delete_of_object),
    object("POST", "uploads", "CreateMultipartUpload", multipart::create),
    object("PUT", "uploadId&x-amz-copy-source", "UploadPartCopy", multipart::upload_copy),
    object("PUT", "uploadId", "UploadPart", multipart::upload),
    object("GET", "uploadId", "ListParts", multipart::list_parts),
    object("POST", "uploadId", "CompleteMultipartUpload", multipart::complete),
    object("DELETE", "uploadId", "AbortMultipartUpload", multipart::abort),
    object("GET", "acl", "GetObjectAcl", acl::get_of_object),
    object("PUT", "x-amz-copy-source", "CopyObject", copy::object),
    object("PUT", "", "PutObject", put::object),
    object("GET", "", "GetObject", get::object),
    object("HEAD", "", "HeadObject", get::head),
    object("DELETE", "", "DeleteObject", delete::one),
    // What is asked for in a way that no operation has.
    object("", "", "Unknown", not_modelled),
    bucket("", "", "Unknown", not_modelled),
];

/// Sub-resources that no operation above is about. They must not be taken for their bucket or object.
const NOT_MODELLED: [&str; 24] = [
    "abac",
    "accelerate",
    "analytics",
    "annotation",
    "attributes",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "logging",
    "metadataConfiguration",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "renameObject",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "session",
    "torrent",
    "website",
    "acl",
];

impl Route {
    /// The operation that `request` asks for.
    pub(super) fn of(request: &Request) -> &'static Self {
        let place = Place::of(request);
        let scope = match (place.bucket, place.key) {
            ("", _) => Scope::Account,
            (_, "") => Scope::Bucket,
            _ => Scope::Object,
        };
        let mut here = ROUTES.iter().filter(|route| route.scope == scope);
        let fits = |route: &&Self| route.method == request.method && route.marked(request);
        // `DELETE /bucket?versioning` must not be taken for the deletion of the bucket.
        let is_mark = |name: &str| {
            NOT_MODELLED.contains(&name)
                || here.clone().any(|route| route.marks.split('&').any(|mark| mark == name))
        };
        let is_marked = || request.query.iter().any(|(name, _)| is_mark(name));
        let known = here.clone().find(fits).filter(|route| !route.marks.is_empty() || !is_marked());
        known.or_else(|| here.next_back()).unwrap_or(&ROUTES[ROUTES.len() - 1])
    }

    fn marked(&self, request: &Request) -> bool {
        self.marks.split('&').filter(|mark| !mark.is_empty()).all(|mark| {
            request.parameter(mark).is_some() || mark.starts_with("x-amz-") && request.header(mark).is_some()
        })
    }

    /// Whether the operation changes a setting of a bucket.
    pub(super) fn sets(&self) -> bool {
        self.method == "PUT" && self.scope == Scope::Bucket && !self.marks.is_empty()
    }

    /// Whether the request's checksum is of its body: that of a completion is of the object.
    pub(super) fn verifies(&self) -> bool {
        ["PUT", "POST"].contains(&self.method) && self.name != "CompleteMultipartUpload"
    }

    /// Whether the body must come with a checksum.
    pub(super) fn needs_digest(&self) -> bool {
        ["DeleteObjects", "PutBucketCors", "PutBucketLifecycleConfiguration", "PutBucketTagging"]
            .contains(&self.name)
    }
}

fn not_modelled(_: &mut Cx<'_>, _: &Asked<'_>) -> Answer {
    Err(not_implemented())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(method: &str, target: &str) -> &'static str {
        Route::of(&Request::new(method, target, [], Vec::new())).name
    }

    #[test]
    fn methods_places_and_parameters_tell_the_operation() {
        let table = [
            ("GET", "/", "ListBuckets"),
            ("GET", "/?x-id=ListBuckets", "ListBuckets"),
            ("PUT", "/b", "CreateBucket"),
            ("PUT", "/b/", "CreateBucket"),
            ("PUT", "/b?tagging", "PutBucketTagging"),
            ("GET", "/b?list-type=2&prefix=a", "ListObjectsV2"),
            ("GET", "/b?prefix=a", "ListObjects"),
            ("GET", "/b?versions", "ListObjectVersions"),
            ("POST", "/b?delete", "DeleteObjects"),
            ("PUT", "/b/k?x-id=PutObject", "PutObject"),
            ("PUT", "/b/k?partNumber=1&uploadId=u", "UploadPart"),
            ("DELETE", "/b/k?uploadId=u", "AbortMultipartUpload"),
            ("DELETE", "/b/k?versionId=v", "DeleteObject"),
            ("GET", "/b/k?attributes", "Unknown"),
            ("PUT", "/b?replication", "Unknown"),
            ("DELETE", "/b?website", "Unknown"),
            ("DELETE", "/b?versioning", "Unknown"),
            ("PATCH", "/b/k", "Unknown"),
            ("POST", "/b", "Unknown"),
            ("POST", "/", "ListBuckets"),
        ];
        for (method, target, operation) in table {
            assert_eq!(name(method, target), operation, "{method} {target}");
        }
        let headers = [("x-amz-copy-source".to_owned(), "/a/k".to_owned())];
        assert_eq!(Route::of(&Request::new("PUT", "/b/k", headers, Vec::new())).name, "CopyObject");
    }
}
