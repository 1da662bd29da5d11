# SPDX-License-Identifier: MIT OR Apache-2.0
"""S3."""

import base64
import hashlib
import json
import zlib

from battery import PRESENT

API = "Amazon S3 API Reference, "
GUIDE = "Amazon S3 User Guide, "
NAME = "battery-s3-web"


def policy(bucket, **changes):
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    statement.update(changes)
    return json.dumps({"Version": "2012-10-17", "Statement": [{key: value for key, value in statement.items() if value is not None}]})


def tag(body):
    return f'"{hashlib.md5(body).hexdigest()}"'


def empty(b, bucket):
    """Takes a bucket away with all that is in it, however much a server has got wrong before."""
    page = b.call("s3", "list_object_versions", Bucket=bucket)
    for entry in page.get("Versions", []) + page.get("DeleteMarkers", []):
        b.call("s3", "delete_object", Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])
    for upload in b.call("s3", "list_multipart_uploads", Bucket=bucket).get("Uploads", []):
        b.call("s3", "abort_multipart_upload", Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    b.call("s3", "delete_bucket", Bucket=bucket)


def buckets(b):
    b.probe("create", "s3", "create_bucket", Bucket=NAME, fields={"Location": f"/{NAME}"}, source=API + "CreateBucket")
    b.probe("create again in us-east-1", "s3", "create_bucket", Bucket=NAME, source=API + "CreateBucket, Errors: BucketAlreadyOwnedByYou")
    b.probe("a name in capitals", "s3", "create_bucket", Bucket="Battery-S3", refused="InvalidBucketName", source=GUIDE + "General purpose bucket naming rules")
    b.probe("a name like an address", "s3", "create_bucket", Bucket="192.168.5.4", refused="InvalidBucketName", source=GUIDE + "General purpose bucket naming rules")
    b.probe("head", "s3", "head_bucket", Bucket=NAME, fields={"BucketRegion": "us-east-1"}, source=API + "HeadBucket, x-amz-bucket-region")
    b.probe("head of nothing", "s3", "head_bucket", Bucket=NAME + "-none", refused="404", source=API + "HeadBucket, Errors")
    b.probe("the location of us-east-1 is null", "s3", "get_bucket_location", Bucket=NAME, fields={"LocationConstraint": None}, source=API + "GetBucketLocation")
    b.probe("list by prefix", "s3", "list_buckets", Prefix=NAME, fields={"Buckets[].[Name, BucketRegion]": [[NAME, "us-east-1"]], "Prefix": NAME}, source=API + "ListBuckets, prefix")
    b.probe("the owner is expected", "s3", "get_bucket_location", Bucket=NAME, ExpectedBucketOwner="123456789012", source=API + "GetBucketLocation, x-amz-expected-bucket-owner")
    b.probe("another owner is expected", "s3", "get_bucket_location", Bucket=NAME, ExpectedBucketOwner="210987654321", refused="AccessDenied", source=API + "GetBucketLocation, x-amz-expected-bucket-owner")
    west = NAME + "-west"
    here = {"LocationConstraint": "us-west-2"}
    b.probe("elsewhere without a location", "s3", "create_bucket", region="us-west-2", Bucket=west, refused="IllegalLocationConstraintException", source=API + "CreateBucket, LocationConstraint")
    b.probe("a location that is none", "s3", "create_bucket", Bucket=NAME + "-mars", CreateBucketConfiguration={"LocationConstraint": "mars-1"}, refused="InvalidLocationConstraint", source=API + "Error responses, InvalidLocationConstraint")
    b.probe("elsewhere, with tags", "s3", "create_bucket", region="us-west-2", Bucket=west, CreateBucketConfiguration={**here, "Tags": [{"Key": "a", "Value": "1"}]}, source=API + "CreateBucketConfiguration")
    b.probe("tags from the beginning", "s3", "get_bucket_tagging", region="us-west-2", Bucket=west, fields={"TagSet": [{"Key": "a", "Value": "1"}]}, source=API + "CreateBucketConfiguration, Tags")
    b.probe("elsewhere again", "s3", "create_bucket", region="us-west-2", Bucket=west, CreateBucketConfiguration=here, refused="BucketAlreadyOwnedByYou", source=API + "CreateBucket, Errors: BucketAlreadyOwnedByYou")
    b.probe("the location elsewhere", "s3", "get_bucket_location", region="us-west-2", Bucket=west, fields={"LocationConstraint": "us-west-2"}, source=API + "GetBucketLocation")
    empty(b, west)
    # Some servers have made them all the same.
    for name in ("Battery-S3", "192.168.5.4", NAME + "-mars"):
        b.call("s3", "delete_bucket", Bucket=name)


def settings(b):
    at = {"Bucket": NAME}
    b.probe("a new bucket is encrypted", "s3", "get_bucket_encryption", **at,
            fields={"ServerSideEncryptionConfiguration.Rules[0].[ApplyServerSideEncryptionByDefault.SSEAlgorithm, BucketKeyEnabled]": ["AES256", False]},
            source=GUIDE + "Default encryption FAQ")
    all_on = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
    b.probe("a new bucket blocks public access", "s3", "get_public_access_block", **at, fields={"PublicAccessBlockConfiguration": all_on}, source=GUIDE + "Default settings for new S3 buckets FAQ")
    ownership = "OwnershipControls.Rules[].ObjectOwnership"
    b.probe("a new bucket's owner owns all", "s3", "get_bucket_ownership_controls", **at, fields={ownership: ["BucketOwnerEnforced"]}, source=GUIDE + "Default settings for new S3 buckets FAQ")
    b.probe("a new bucket has no versions", "s3", "get_bucket_versioning", **at, fields={"Status": None}, source=API + "GetBucketVersioning")
    b.probe("no policy", "s3", "get_bucket_policy", **at, refused="NoSuchBucketPolicy", source=API + "Error responses, NoSuchBucketPolicy")
    b.probe("no tags", "s3", "get_bucket_tagging", **at, refused="NoSuchTagSet", source=API + "GetBucketTagging, Errors")
    b.probe("no lifecycle", "s3", "get_bucket_lifecycle_configuration", **at, refused="NoSuchLifecycleConfiguration", source=API + "GetBucketLifecycleConfiguration, Errors")
    b.probe("no cross-origin rules", "s3", "get_bucket_cors", **at, refused="NoSuchCORSConfiguration", source=API + "Error responses, NoSuchCORSConfiguration")

    b.probe("a public policy is blocked", "s3", "put_bucket_policy", **at, Policy=policy(NAME, Effect="Allow", Action="s3:GetObject", Resource=f"arn:aws:s3:::{NAME}/*", Condition=None),
            refused="AccessDenied", source=GUIDE + "Blocking public access, BlockPublicPolicy")
    one_on = {**all_on, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}
    b.probe("open public policies", "s3", "put_public_access_block", **at, PublicAccessBlockConfiguration=one_on, source=API + "PutPublicAccessBlock")
    b.probe("what is blocked now", "s3", "get_public_access_block", **at, fields={"PublicAccessBlockConfiguration": one_on}, source=API + "GetPublicAccessBlock")

    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    b.probe("put tags", "s3", "put_bucket_tagging", **at, Tagging={"TagSet": tags}, source=API + "PutBucketTagging")
    b.probe("the tags", "s3", "get_bucket_tagging", **at, fields={"sort_by(TagSet, &Key)": tags}, source=API + "GetBucketTagging")
    b.probe("a key twice", "s3", "put_bucket_tagging", **at, Tagging={"TagSet": [tags[0], tags[0]]}, refused="InvalidTag", source=API + "PutBucketTagging, Errors: InvalidTag")
    b.probe("a key of AWS's own", "s3", "put_bucket_tagging", **at, Tagging={"TagSet": [{"Key": "aws:x", "Value": "1"}]}, refused="InvalidTag", source=API + "PutBucketTagging, Errors: InvalidTag")
    b.probe("tags of nothing", "s3", "put_bucket_tagging", Bucket=NAME + "-none", Tagging={"TagSet": tags}, refused="NoSuchBucket", source=API + "Error responses, NoSuchBucket")

    b.probe("put ownership", "s3", "put_bucket_ownership_controls", **at, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}, source=API + "PutBucketOwnershipControls")
    b.probe("the ownership", "s3", "get_bucket_ownership_controls", **at, fields={ownership: ["BucketOwnerPreferred"]}, source=API + "GetBucketOwnershipControls")
    b.probe("an ownership that is none", "s3", "put_bucket_ownership_controls", **at, OwnershipControls={"Rules": [{"ObjectOwnership": "Nobody"}]}, refused="MalformedXML", source=API + "OwnershipControlsRule, ObjectOwnership")
    b.call("s3", "put_bucket_ownership_controls", **at, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})

    kms = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/battery"}, "BucketKeyEnabled": True}
    b.probe("put encryption", "s3", "put_bucket_encryption", **at, ServerSideEncryptionConfiguration={"Rules": [kms]}, source=API + "PutBucketEncryption")
    b.probe("the encryption", "s3", "get_bucket_encryption", **at,
            fields={"ServerSideEncryptionConfiguration.Rules[0].[ApplyServerSideEncryptionByDefault.SSEAlgorithm, BucketKeyEnabled]": ["aws:kms", True]},
            source=API + "GetBucketEncryption")
    odd = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "rot13"}}
    b.probe("an encryption that is none", "s3", "put_bucket_encryption", **at, ServerSideEncryptionConfiguration={"Rules": [odd]}, refused="MalformedXML", source=API + "ServerSideEncryptionByDefault, SSEAlgorithm")
    b.call("s3", "put_bucket_encryption", **at, ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]})

    deny = policy(NAME)
    b.probe("put a policy", "s3", "put_bucket_policy", **at, Policy=deny, source=API + "PutBucketPolicy")
    b.probe("the policy", "s3", "get_bucket_policy", **at, fields={"Policy": PRESENT}, source=API + "GetBucketPolicy")
    b.probe("whether it is public", "s3", "get_bucket_policy_status", **at, fields={"PolicyStatus.IsPublic": False}, source=API + "GetBucketPolicyStatus")
    for what, text in [
        ("that is no JSON", "Version: 2012-10-17"),
        ("without statements", json.dumps({"Version": "2012-10-17"})),
        ("without a principal", policy(NAME, Principal=None)),
        ("with an effect that is none", policy(NAME, Effect="Maybe")),
        ("with an action that is none", policy(NAME, Action="ec2:RunInstances")),
        ("about another bucket", policy(NAME, Resource="arn:aws:s3:::somebody-else/*")),
        ("whose action is not for its resource", policy(NAME, Action="s3:GetObject", Resource=f"arn:aws:s3:::{NAME}")),
    ]:
        b.probe(f"a policy {what}", "s3", "put_bucket_policy", **at, Policy=text, refused="MalformedPolicy", source=API + "Error responses, MalformedPolicy")
    b.call("s3", "delete_bucket_policy", **at)
    b.probe("delete no policy", "s3", "delete_bucket_policy", **at, source=API + "DeleteBucketPolicy")

    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}
    b.probe("put lifecycle rules", "s3", "put_bucket_lifecycle_configuration", **at, LifecycleConfiguration={"Rules": [rule]},
            fields={"TransitionDefaultMinimumObjectSize": "all_storage_classes_128K"}, source=API + "PutBucketLifecycleConfiguration")
    b.probe("the rules", "s3", "get_bucket_lifecycle_configuration", **at, fields={"Rules": [rule]}, source=API + "GetBucketLifecycleConfiguration")
    for what, change, code in [
        ("without an action", {"NoncurrentVersionExpiration": None, "AbortIncompleteMultipartUpload": None}, "InvalidRequest"),
        ("with a status that is none", {"Status": "On"}, "MalformedXML"),
        ("that expires at once", {"Expiration": {"Days": 0}}, "InvalidArgument"),
        ("with a prefix twice", {"Prefix": "a/"}, ("MalformedXML", "InvalidRequest")),
    ]:
        changed = {key: value for key, value in {**rule, **change}.items() if value is not None}
        b.probe(f"a rule {what}", "s3", "put_bucket_lifecycle_configuration", **at, LifecycleConfiguration={"Rules": [changed]}, refused=code, source=API + "PutBucketLifecycleConfiguration, LifecycleRule")
    b.probe("two rules of one name", "s3", "put_bucket_lifecycle_configuration", **at, LifecycleConfiguration={"Rules": [rule, rule]}, refused="InvalidArgument", source=API + "LifecycleRule, ID: the value must be unique")
    b.probe("delete the rules", "s3", "delete_bucket_lifecycle", **at, source=API + "DeleteBucketLifecycle")

    cors = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.com"]}
    b.probe("put cross-origin rules", "s3", "put_bucket_cors", **at, CORSConfiguration={"CORSRules": [cors]}, source=API + "PutBucketCors")
    b.probe("the cross-origin rules", "s3", "get_bucket_cors", **at, fields={"CORSRules": [cors]}, source=API + "GetBucketCors")
    b.probe("a method that is none", "s3", "put_bucket_cors", **at, CORSConfiguration={"CORSRules": [{**cors, "AllowedMethods": ["PATCH"]}]}, refused="InvalidRequest", source=API + "CORSRule, AllowedMethods")
    b.probe("the access control list", "s3", "get_bucket_acl", **at, fields={"Grants[].Permission": ["FULL_CONTROL"], "Owner.ID": PRESENT}, source=API + "GetBucketAcl")
    b.probe("versioning without a status", "s3", "put_bucket_versioning", **at, VersioningConfiguration={}, refused="IllegalVersioningConfigurationException", source=API + "Error responses, IllegalVersioningConfigurationException")


def objects(b):
    at = {"Bucket": NAME}
    one, two = b"one", b"two"
    b.probe("write a new object", "s3", "put_object", **at, Key="dir/k", Body=one, IfNoneMatch="*", ContentType="text/plain", Metadata={"colour": "blue"}, Tagging="a=1",
            fields={"ETag": tag(one), "ServerSideEncryption": "AES256", "ChecksumCRC32": base64.b64encode(zlib.crc32(one).to_bytes(4, "big")).decode()}, source=API + "PutObject")
    b.probe("write it as new again", "s3", "put_object", **at, Key="dir/k", Body=two, IfNoneMatch="*", refused="PreconditionFailed", source=API + "PutObject, If-None-Match")
    b.probe("overwrite what is not there", "s3", "put_object", **at, Key="dir/none", Body=two, IfMatch=tag(one), refused="NoSuchKey", source=GUIDE + "Conditional writes, If-Match")
    b.probe("overwrite something else", "s3", "put_object", **at, Key="dir/k", Body=two, IfMatch=tag(two), refused="PreconditionFailed", source=API + "PutObject, If-Match")
    b.probe("a wrong checksum", "s3", "put_object", **at, Key="wrong", Body=two, ChecksumCRC32="AAAAAA==", refused="BadDigest", source=GUIDE + "Checking object integrity")
    wrong = base64.b64encode(hashlib.md5(one).digest()).decode()
    b.probe("a wrong Content-MD5", "s3", "put_object", **at, Key="wrong", Body=two, ContentMD5=wrong, refused="BadDigest", source=API + "PutObject, Content-MD5")
    b.probe("an encryption that is none for an object", "s3", "put_object", **at, Key="wrong", Body=two, ServerSideEncryption="rot13", refused="InvalidArgument", source=API + "PutObject, x-amz-server-side-encryption")
    b.call("s3", "delete_object", **at, Key="wrong")
    b.probe("head the object", "s3", "head_object", **at, Key="dir/k",
            fields={"ContentLength": 3, "ContentType": "text/plain", "Metadata": {"colour": "blue"}, "ETag": tag(one), "VersionId": None}, source=API + "HeadObject")
    b.probe("read a range", "s3", "get_object", **at, Key="dir/k", Range="bytes=1-", fields={"ContentRange": "bytes 1-2/3", "ContentLength": 2}, source=API + "GetObject, Range")
    b.probe("read beyond the end", "s3", "get_object", **at, Key="dir/k", Range="bytes=9-", refused="InvalidRange", source=API + "Error responses, InvalidRange")
    b.probe("read what one has", "s3", "get_object", **at, Key="dir/k", IfNoneMatch=tag(one), refused="304", source=API + "GetObject, If-None-Match")
    b.probe("read nothing", "s3", "get_object", **at, Key="dir/none", refused="NoSuchKey", source=API + "GetObject, Errors: NoSuchKey")
    b.probe("head nothing", "s3", "head_object", **at, Key="dir/none", refused="404", source=API + "HeadObject, Errors")
    b.probe("read from no bucket", "s3", "get_object", Bucket=NAME + "-none", Key="k", refused="NoSuchBucket", source=API + "Error responses, NoSuchBucket")
    b.probe("copy", "s3", "copy_object", **at, Key="copy", CopySource=f"{NAME}/dir/k", fields={"CopyObjectResult.ETag": tag(one)}, source=API + "CopyObject")
    b.probe("copy onto itself", "s3", "copy_object", **at, Key="copy", CopySource=f"{NAME}/copy", refused="InvalidRequest", source=API + "CopyObject, x-amz-metadata-directive")
    b.probe("list in groups", "s3", "list_objects_v2", **at, Delimiter="/", fields={"Contents[].Key": ["copy"], "CommonPrefixes[].Prefix": ["dir/"], "KeyCount": 2, "IsTruncated": False}, source=API + "ListObjectsV2")
    page = b.probe("list one", "s3", "list_objects_v2", **at, MaxKeys=1, fields={"Contents[].Key": ["copy"], "IsTruncated": True, "NextContinuationToken": PRESENT}, source=API + "ListObjectsV2, max-keys")
    b.probe("list on", "s3", "list_objects_v2", **at, MaxKeys=1, ContinuationToken=page.get("NextContinuationToken", ""), fields={"Contents[].Key": ["dir/k"], "IsTruncated": False}, source=API + "ListObjectsV2, continuation-token")
    b.probe("list after", "s3", "list_objects", **at, Marker="copy", fields={"Contents[].Key": ["dir/k"]}, source=API + "ListObjects, marker")
    b.probe("delete something else", "s3", "delete_object", **at, Key="copy", IfMatch=tag(two), refused="PreconditionFailed", source=GUIDE + "Conditional deletes")
    b.probe("delete", "s3", "delete_object", **at, Key="copy", fields={"DeleteMarker": None}, source=API + "DeleteObject")
    b.probe("delete it again", "s3", "delete_object", **at, Key="copy", source=API + "DeleteObject")


def versions(b):
    at = {"Bucket": NAME}
    b.probe("keep versions", "s3", "put_bucket_versioning", **at, VersioningConfiguration={"Status": "Enabled"}, source=API + "PutBucketVersioning")
    b.probe("whether versions are kept", "s3", "get_bucket_versioning", **at, fields={"Status": "Enabled"}, source=API + "GetBucketVersioning")
    new = b.probe("write a version", "s3", "put_object", **at, Key="dir/k", Body=b"two", fields={"VersionId": PRESENT}, source=GUIDE + "Adding objects to versioning-enabled buckets")
    b.probe("read the version from before", "s3", "get_object", **at, Key="dir/k", VersionId="null", fields={"ETag": tag(b"one")}, source=GUIDE + "Retrieving object versions")
    b.probe("a version id that is none", "s3", "get_object", **at, Key="dir/k", VersionId="x", refused="InvalidArgument", source=API + "Error responses, InvalidArgument")
    marker = b.probe("delete with a marker", "s3", "delete_object", **at, Key="dir/k", fields={"DeleteMarker": True, "VersionId": PRESENT}, source=GUIDE + "Working with delete markers")
    b.probe("what is marked is not there", "s3", "get_object", **at, Key="dir/k", refused="NoSuchKey", source=GUIDE + "Working with delete markers")
    b.probe("read a marker", "s3", "get_object", **at, Key="dir/k", VersionId=marker.get("VersionId", "x"), refused="MethodNotAllowed", source=GUIDE + "Working with delete markers")
    b.probe("what is marked counts as new", "s3", "put_object", **at, Key="dir/k", Body=b"three", IfNoneMatch="*", source=GUIDE + "Conditional writes, If-None-Match")
    b.probe("list versions", "s3", "list_object_versions", **at, Prefix="dir/", fields={"Versions[].IsLatest": [True, False, False], "length(DeleteMarkers)": 1, "Versions[2].VersionId": "null"}, source=API + "ListObjectVersions")
    page = b.probe("list one version", "s3", "list_object_versions", **at, MaxKeys=1, fields={"length(Versions)": 1, "IsTruncated": True, "NextKeyMarker": "dir/k", "NextVersionIdMarker": PRESENT}, source=API + "ListObjectVersions, max-keys")
    b.probe("list the other versions", "s3", "list_object_versions", **at, KeyMarker="dir/k", VersionIdMarker=page.get("NextVersionIdMarker", ""), fields={"length(Versions)": 2, "IsTruncated": False}, source=API + "ListObjectVersions, version-id-marker")
    b.probe("a bucket with versions stays", "s3", "delete_bucket", **at, refused="BucketNotEmpty", source=API + "DeleteBucket")
    gone = [{"Key": "dir/k", "VersionId": new.get("VersionId", "x")}, {"Key": "dir/none"}]
    b.probe("delete several", "s3", "delete_objects", **at, Delete={"Objects": gone}, fields={"length(Deleted)": 2, "Errors": None}, source=API + "DeleteObjects")
    b.probe("delete several quietly", "s3", "delete_objects", **at, Delete={"Objects": [{"Key": "dir/none2"}], "Quiet": True}, fields={"Deleted": None, "Errors": None}, source=API + "DeleteObjects, Quiet")
    b.probe("delete too many", "s3", "delete_objects", **at, Delete={"Objects": [{"Key": "k"}] * 1001}, refused="MalformedXML", source=API + "DeleteObjects, at most 1000 keys")


def uploads(b):
    at = {"Bucket": NAME, "Key": "big"}
    begun = b.probe("begin an upload", "s3", "create_multipart_upload", **at, fields={"UploadId": PRESENT, "Bucket": NAME, "Key": "big"}, source=API + "CreateMultipartUpload")
    upload = {**at, "UploadId": begun.get("UploadId", "x")}
    large, small = b"1" * (5 * 1024 * 1024), b"22"
    first = b.probe("upload a part", "s3", "upload_part", **upload, PartNumber=1, Body=large, fields={"ETag": tag(large)}, source=API + "UploadPart")
    second = b.probe("upload another", "s3", "upload_part", **upload, PartNumber=2, Body=small, fields={"ETag": tag(small)}, source=API + "UploadPart")
    third = b.call("s3", "upload_part", **upload, PartNumber=3, Body=small)
    b.probe("a part beyond the last number", "s3", "upload_part", **upload, PartNumber=10001, Body=small, refused="InvalidArgument", source=API + "UploadPart, partNumber")
    b.probe("list the parts", "s3", "list_parts", **upload, fields={"Parts[].[PartNumber, Size]": [[1, len(large)], [2, 2], [3, 2]]}, source=API + "ListParts")
    b.probe("list the uploads", "s3", "list_multipart_uploads", Bucket=NAME, fields={"Uploads[].Key": ["big"]}, source=API + "ListMultipartUploads")
    parts = [{"PartNumber": number, "ETag": part.get("ETag", "x")} for number, part in ((1, first), (2, second), (3, third))]
    b.probe("complete in the wrong order", "s3", "complete_multipart_upload", **upload, MultipartUpload={"Parts": parts[1::-1]}, refused="InvalidPartOrder", source=API + "CompleteMultipartUpload, Errors: InvalidPartOrder")
    b.probe("complete with an unknown part", "s3", "complete_multipart_upload", **upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag(small)}]}, refused="InvalidPart", source=API + "CompleteMultipartUpload, Errors: InvalidPart")
    b.probe("complete with a small part", "s3", "complete_multipart_upload", **upload, MultipartUpload={"Parts": parts[1:]}, refused="EntityTooSmall", source=API + "CompleteMultipartUpload, Errors: EntityTooSmall")
    whole = hashlib.md5(hashlib.md5(large).digest() + hashlib.md5(small).digest()).hexdigest()
    b.probe("complete", "s3", "complete_multipart_upload", **upload, MultipartUpload={"Parts": parts[:2]}, fields={"ETag": f'"{whole}-2"', "VersionId": PRESENT}, source=API + "CompleteMultipartUpload")
    b.probe("the whole", "s3", "head_object", **at, fields={"ContentLength": len(large) + 2}, source=API + "HeadObject")
    b.probe("abort what is complete", "s3", "abort_multipart_upload", **upload, refused="NoSuchUpload", source=API + "AbortMultipartUpload, Errors: NoSuchUpload")
    again = b.call("s3", "create_multipart_upload", **at)
    b.probe("abort", "s3", "abort_multipart_upload", **at, UploadId=again.get("UploadId", "x"), source=API + "AbortMultipartUpload")


def probes(b):
    buckets(b)
    settings(b)
    objects(b)
    versions(b)
    uploads(b)
    empty(b, NAME)
    b.probe("delete an empty bucket", "s3", "head_bucket", Bucket=NAME, refused="404", source=API + "DeleteBucket")
    b.probe("delete it once more", "s3", "delete_bucket", Bucket=NAME, refused="NoSuchBucket", source=API + "Error responses, NoSuchBucket")
