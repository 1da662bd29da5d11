# SPDX-License-Identifier: MIT OR Apache-2.0
"""Elastic Container Registry: repositories, policies, layers and images."""

import hashlib
import json

from battery import PRESENT

API = "Amazon ECR API Reference, "
GUIDE = "Amazon ECR User Guide, "
INVALID = "InvalidParameterException"
MISSING = "RepositoryNotFoundException"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def manifest(*layers):
    config = {"mediaType": "application/vnd.docker.container.image.v1+json", "size": len(layers[0]), "digest": digest(layers[0])}
    rest = [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": len(it), "digest": digest(it)} for it in layers[1:]]
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": rest})


def push(b, repository, data):
    upload = b.call("ecr", "initiate_layer_upload", repositoryName=repository).get("uploadId", "none")
    b.call("ecr", "upload_layer_part", repositoryName=repository, uploadId=upload, partFirstByte=0, partLastByte=len(data) - 1, layerPartBlob=data)
    b.call("ecr", "complete_layer_upload", repositoryName=repository, uploadId=upload, layerDigests=[digest(data)])


def probes(b):
    repositories(b)
    settings(b)
    policies(b)
    tags(b)
    layers(b)
    images(b)


def repositories(b):
    name = "battery-ecr/app"
    arn = f"arn:aws:ecr:us-east-1:123456789012:repository/{name}"
    b.probe("create with defaults", "ecr", "create_repository", repositoryName=name,
            fields={"repository.repositoryArn": arn, "repository.registryId": "123456789012",
                    "repository.repositoryUri": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{name}", "repository.createdAt": PRESENT,
                    "repository.imageTagMutability": "MUTABLE", "repository.imageScanningConfiguration.scanOnPush": False,
                    "repository.encryptionConfiguration.encryptionType": "AES256"},
            source=API + "CreateRepository, imageTagMutability; EncryptionConfiguration")
    b.probe("create it again", "ecr", "create_repository", repositoryName=name, refused="RepositoryAlreadyExistsException", source=API + "CreateRepository, Errors")
    b.probe("a name with capitals", "ecr", "create_repository", repositoryName="Battery-App", refused=INVALID, source=API + "CreateRepository, repositoryName")
    b.probe("a name of one letter", "ecr", "create_repository", repositoryName="a", refused=INVALID, source=API + "CreateRepository, repositoryName")
    b.probe("a name that ends with a slash", "ecr", "create_repository", repositoryName="battery-ecr/", refused=INVALID, source=API + "CreateRepository, repositoryName")
    b.probe("a mutability that is none", "ecr", "create_repository", repositoryName="battery-ecr/x", imageTagMutability="SOMETIMES", refused=INVALID, source=API + "CreateRepository, imageTagMutability")
    b.call("ecr", "delete_repository", repositoryName="battery-ecr/x", force=True)
    b.probe("an encryption that is none", "ecr", "create_repository", repositoryName="battery-ecr/x", encryptionConfiguration={"encryptionType": "ROT13"}, refused=INVALID, source=API + "EncryptionConfiguration, encryptionType")
    b.call("ecr", "delete_repository", repositoryName="battery-ecr/x", force=True)
    b.probe("a reserved tag", "ecr", "create_repository", repositoryName="battery-ecr/x", tags=[{"Key": "aws:a", "Value": "1"}], refused=("InvalidTagParameterException", INVALID), source=GUIDE + "Tagging a private repository, tag restrictions")
    b.call("ecr", "delete_repository", repositoryName="battery-ecr/x", force=True)
    b.probe("more tags than can be", "ecr", "create_repository", repositoryName="battery-ecr/x", tags=[{"Key": f"k{n}", "Value": ""} for n in range(51)],
            refused=("TooManyTagsException", INVALID), source=API + "CreateRepository, Errors")
    b.call("ecr", "delete_repository", repositoryName="battery-ecr/x", force=True)
    b.probe("encrypted with the key that AWS keeps", "ecr", "create_repository", repositoryName="battery-ecr/kms", encryptionConfiguration={"encryptionType": "KMS"},
            fields={"repository.encryptionConfiguration.encryptionType": "KMS"}, source=API + "EncryptionConfiguration, kmsKey")
    b.probe("describe by name", "ecr", "describe_repositories", repositoryNames=[name], fields={"repositories[].repositoryName": [name]}, source=API + "DescribeRepositories, repositoryNames")
    b.probe("one missing name spoils all", "ecr", "describe_repositories", repositoryNames=[name, "battery-ecr/none"], refused=MISSING, source=API + "DescribeRepositories, Errors")
    b.probe("more names than a call takes", "ecr", "describe_repositories", repositoryNames=[name] * 101, refused=INVALID, source=API + "DescribeRepositories, repositoryNames")
    page = b.probe("a page of one", "ecr", "describe_repositories", maxResults=1, fields={"length(repositories || `[]`)": 1, "nextToken": PRESENT}, source=API + "DescribeRepositories, maxResults")
    b.probe("the next page", "ecr", "describe_repositories", maxResults=1, nextToken=page.get("nextToken", "none"),
            fields={"length(repositories || `[]`)": 1},
            source=API + "DescribeRepositories, nextToken")
    b.probe("a page of none", "ecr", "describe_repositories", maxResults=0, refused=INVALID, source=API + "DescribeRepositories, maxResults")
    b.call("ecr", "delete_repository", repositoryName="battery-ecr/kms", force=True)
    b.probe("delete nothing", "ecr", "delete_repository", repositoryName="battery-ecr/none", refused=MISSING, source=API + "DeleteRepository, Errors")
    b.probe("delete", "ecr", "delete_repository", repositoryName=name, fields={"repository.repositoryName": name}, source=API + "DeleteRepository, Response Syntax")
    b.probe("it is gone", "ecr", "describe_repositories", repositoryNames=[name], refused=MISSING, source=API + "DescribeRepositories, Errors")
    b.probe("a token", "ecr", "get_authorization_token",
            fields={"authorizationData[0].authorizationToken": PRESENT, "authorizationData[0].expiresAt": PRESENT,
                    "authorizationData[0].proxyEndpoint": "https://123456789012.dkr.ecr.us-east-1.amazonaws.com"},
            source=API + "AuthorizationData")


def settings(b):
    name = "battery-ecr/settings"
    b.call("ecr", "create_repository", repositoryName=name)
    exclusions = [{"filterType": "WILDCARD", "filter": "dev-*"}]
    b.probe("make tags immutable", "ecr", "put_image_tag_mutability", repositoryName=name, imageTagMutability="IMMUTABLE",
            fields={"imageTagMutability": "IMMUTABLE", "repositoryName": name}, source=API + "PutImageTagMutability, Response Syntax")
    b.probe("but for some tags", "ecr", "put_image_tag_mutability", repositoryName=name, imageTagMutability="IMMUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=exclusions,
            fields={"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": exclusions}, source=API + "PutImageTagMutability, imageTagMutabilityExclusionFilters")
    b.probe("that is told", "ecr", "describe_repositories", repositoryNames=[name],
            fields={"repositories[0].imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "repositories[0].imageTagMutabilityExclusionFilters": exclusions}, source=API + "Repository")
    b.probe("exclusions without any", "ecr", "put_image_tag_mutability", repositoryName=name, imageTagMutability="IMMUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=[],
            refused=INVALID, source=API + "PutImageTagMutability, imageTagMutabilityExclusionFilters (1 to 5)")
    b.probe("a filter that is none", "ecr", "put_image_tag_mutability", repositoryName=name, imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "a b"}], refused=INVALID, source=API + "ImageTagMutabilityExclusionFilter, filter")
    b.probe("six filters", "ecr", "put_image_tag_mutability", repositoryName=name, imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": f"a{n}"} for n in range(6)], refused=INVALID,
            source=API + "PutImageTagMutability, imageTagMutabilityExclusionFilters (1 to 5)")
    b.probe("the mutability of nothing", "ecr", "put_image_tag_mutability", repositoryName="battery-ecr/none", imageTagMutability="MUTABLE", refused=MISSING, source=API + "PutImageTagMutability, Errors")
    b.probe("scan on push", "ecr", "put_image_scanning_configuration", repositoryName=name, imageScanningConfiguration={"scanOnPush": True},
            fields={"imageScanningConfiguration.scanOnPush": True}, source=API + "PutImageScanningConfiguration, Response Syntax")
    b.probe("that is told too", "ecr", "describe_repositories", repositoryNames=[name], fields={"repositories[0].imageScanningConfiguration.scanOnPush": True}, source=API + "Repository")
    b.call("ecr", "delete_repository", repositoryName=name, force=True)


def policies(b):
    name = "battery-ecr/policies"
    b.call("ecr", "create_repository", repositoryName=name)
    selection = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}
    rule = {"rulePriority": 1, "description": "old ones", "selection": selection, "action": {"type": "expire"}}

    def lifecycle(**change):
        return json.dumps({"rules": [{**rule, **change}]})

    b.probe("no lifecycle policy yet", "ecr", "get_lifecycle_policy", repositoryName=name, refused="LifecyclePolicyNotFoundException", source=API + "GetLifecyclePolicy, Errors")
    b.probe("put a lifecycle policy", "ecr", "put_lifecycle_policy", repositoryName=name, lifecyclePolicyText=lifecycle(), fields={"repositoryName": name, "lifecyclePolicyText": PRESENT}, source=API + "PutLifecyclePolicy, Response Syntax")
    b.probe("get it", "ecr", "get_lifecycle_policy", repositoryName=name, fields={"contains(lifecyclePolicyText || '', 'sinceImagePushed')": True}, source=API + "GetLifecyclePolicy, Response Syntax")
    parameters = GUIDE + "Lifecycle policy properties"
    b.probe("a policy that is no JSON", "ecr", "put_lifecycle_policy", repositoryName=name, lifecyclePolicyText="{" * 120, refused=INVALID, source=API + "PutLifecyclePolicy, Errors")
    b.probe("a policy too short to be one", "ecr", "put_lifecycle_policy", repositoryName=name, lifecyclePolicyText='{"rules": []}', refused=INVALID, source=API + "PutLifecyclePolicy, lifecyclePolicyText (100 to 30720)")
    b.probe("an action that is none", "ecr", "put_lifecycle_policy", repositoryName=name, lifecyclePolicyText=lifecycle(action={"type": "keep"}), refused=INVALID, source=parameters + ", type")
    b.probe("days without days", "ecr", "put_lifecycle_policy", repositoryName=name, refused=INVALID, source=parameters + ", countUnit",
            lifecyclePolicyText=lifecycle(selection={"tagStatus": "untagged", "countType": "sinceImagePushed", "countNumber": 14}))
    b.probe("tagged with nothing", "ecr", "put_lifecycle_policy", repositoryName=name, lifecyclePolicyText=lifecycle(selection={**selection, "tagStatus": "tagged"}), refused=INVALID, source=parameters + ", tagPrefixList")
    b.probe("two rules of one priority", "ecr", "put_lifecycle_policy", repositoryName=name, refused=INVALID, source=parameters + ", rulePriority",
            lifecyclePolicyText=json.dumps({"rules": [rule, {**rule, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9}}]}))
    b.probe("a lifecycle policy of nothing", "ecr", "put_lifecycle_policy", repositoryName="battery-ecr/none", lifecyclePolicyText=lifecycle(), refused=MISSING, source=API + "PutLifecyclePolicy, Errors")
    b.probe("delete the lifecycle policy", "ecr", "delete_lifecycle_policy", repositoryName=name, fields={"lifecyclePolicyText": PRESENT}, source=API + "DeleteLifecyclePolicy, Response Syntax")
    b.probe("delete it again", "ecr", "delete_lifecycle_policy", repositoryName=name, refused="LifecyclePolicyNotFoundException", source=API + "DeleteLifecyclePolicy, Errors")

    statement = {"Sid": "pull", "Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    b.probe("no permissions yet", "ecr", "get_repository_policy", repositoryName=name, refused="RepositoryPolicyNotFoundException", source=API + "GetRepositoryPolicy, Errors")
    b.probe("set permissions", "ecr", "set_repository_policy", repositoryName=name, policyText=policy, fields={"repositoryName": name, "policyText": PRESENT}, source=API + "SetRepositoryPolicy, Response Syntax")
    b.probe("get them", "ecr", "get_repository_policy", repositoryName=name, fields={"contains(policyText || '', 'ecr:BatchGetImage')": True}, source=API + "GetRepositoryPolicy, Response Syntax")
    b.probe("permissions that are no JSON", "ecr", "set_repository_policy", repositoryName=name, policyText="{", refused=INVALID, source=API + "SetRepositoryPolicy, Errors")
    b.probe("permissions without statements", "ecr", "set_repository_policy", repositoryName=name, policyText='{"Version": "2012-10-17"}', refused=INVALID, source=API + "SetRepositoryPolicy, Errors")
    b.probe("delete the permissions", "ecr", "delete_repository_policy", repositoryName=name, fields={"policyText": PRESENT}, source=API + "DeleteRepositoryPolicy, Response Syntax")
    b.probe("delete them again", "ecr", "delete_repository_policy", repositoryName=name, refused="RepositoryPolicyNotFoundException", source=API + "DeleteRepositoryPolicy, Errors")
    b.call("ecr", "delete_repository", repositoryName=name, force=True)


def tags(b):
    name = "battery-ecr/tags"
    arn = f"arn:aws:ecr:us-east-1:123456789012:repository/{name}"
    b.call("ecr", "create_repository", repositoryName=name, tags=[{"Key": "a", "Value": "1"}])
    b.probe("tags from the beginning", "ecr", "list_tags_for_resource", resourceArn=arn, fields={"tags": [{"Key": "a", "Value": "1"}]}, source=API + "ListTagsForResource")
    b.probe("one more and one changed", "ecr", "tag_resource", resourceArn=arn, tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}], source=API + "TagResource")
    b.probe("the tags now", "ecr", "list_tags_for_resource", resourceArn=arn, fields={"tags[?Key=='a'].Value": ["2"], "tags[?Key=='b'].Value": ["3"]}, source=API + "TagResource, tags")
    b.probe("one tag less", "ecr", "untag_resource", resourceArn=arn, tagKeys=["a", "none"], source=API + "UntagResource")
    b.probe("the tag left", "ecr", "list_tags_for_resource", resourceArn=arn, fields={"tags[].Key": ["b"]}, source=API + "UntagResource")
    b.probe("the tags of nothing", "ecr", "list_tags_for_resource", resourceArn=arn + "-none", refused=MISSING, source=API + "ListTagsForResource, Errors")
    b.probe("the tags of no ARN", "ecr", "list_tags_for_resource", resourceArn="app", refused=(INVALID, MISSING), source=API + "ListTagsForResource, Errors")
    b.call("ecr", "delete_repository", repositoryName=name, force=True)


def layers(b):
    name = "battery-ecr/layers"
    b.call("ecr", "create_repository", repositoryName=name)
    data = b"a layer"

    def part(upload, data=data, first=0):
        return {"repositoryName": name, "uploadId": upload, "partFirstByte": first, "partLastByte": first + len(data) - 1, "layerPartBlob": data}

    upload = b.probe("begin an upload", "ecr", "initiate_layer_upload", repositoryName=name, fields={"uploadId": PRESENT, "partSize": PRESENT}, source=API + "InitiateLayerUpload, Response Syntax").get("uploadId", "none")
    b.probe("an upload to nothing", "ecr", "initiate_layer_upload", repositoryName="battery-ecr/none", refused=MISSING, source=API + "InitiateLayerUpload, Errors")
    b.probe("end it too early", "ecr", "complete_layer_upload", repositoryName=name, uploadId=upload, layerDigests=[digest(data)], refused="EmptyUploadException", source=API + "CompleteLayerUpload, Errors")
    upload = b.call("ecr", "initiate_layer_upload", repositoryName=name).get("uploadId", "none")
    b.probe("a part that does not follow", "ecr", "upload_layer_part", **part(upload, first=5), refused="InvalidLayerPartException", source=API + "UploadLayerPart, Errors")
    upload = b.call("ecr", "initiate_layer_upload", repositoryName=name).get("uploadId", "none")
    b.probe("a part", "ecr", "upload_layer_part", **part(upload), fields={"lastByteReceived": len(data) - 1, "uploadId": PRESENT}, source=API + "UploadLayerPart, Response Syntax")
    b.probe("another digest", "ecr", "complete_layer_upload", repositoryName=name, uploadId=upload, layerDigests=[digest(b"other")], refused="InvalidLayerException", source=API + "CompleteLayerUpload, Errors")
    upload = b.call("ecr", "initiate_layer_upload", repositoryName=name).get("uploadId", "none")
    b.call("ecr", "upload_layer_part", **part(upload))
    b.probe("the digest", "ecr", "complete_layer_upload", repositoryName=name, uploadId=upload, layerDigests=[digest(data)], fields={"layerDigest": digest(data)}, source=API + "CompleteLayerUpload, Response Syntax")
    b.probe("an upload that is not", "ecr", "upload_layer_part", **part("00000000-0000-4000-8000-000000000000"), refused="UploadNotFoundException", source=API + "UploadLayerPart, Errors")
    upload = b.call("ecr", "initiate_layer_upload", repositoryName=name).get("uploadId", "none")
    b.call("ecr", "upload_layer_part", **part(upload))
    b.probe("a layer that is there", "ecr", "complete_layer_upload", repositoryName=name, uploadId=upload, layerDigests=[digest(data)], refused="LayerAlreadyExistsException", source=API + "CompleteLayerUpload, Errors")
    b.probe("what is there of layers", "ecr", "batch_check_layer_availability", repositoryName=name, layerDigests=[digest(data), digest(b"other")],
            fields={"layers[?layerAvailability=='AVAILABLE'].layerDigest": [digest(data)]}, source=API + "BatchCheckLayerAvailability; Layer, layerAvailability")
    b.probe("the address of no layer", "ecr", "get_download_url_for_layer", repositoryName=name, layerDigest=digest(b"other"), refused="LayersNotFoundException", source=API + "GetDownloadUrlForLayer, Errors")
    b.probe("the address of a layer of no image", "ecr", "get_download_url_for_layer", repositoryName=name, layerDigest=digest(data), refused="LayerInaccessibleException", source=API + "GetDownloadUrlForLayer, Errors")
    b.call("ecr", "delete_repository", repositoryName=name, force=True)


def images(b):
    name = "battery-ecr/images"
    b.call("ecr", "create_repository", repositoryName=name)
    config, one, two = b"{}", b"layer one", b"layer two"
    for data in (config, one, two):
        push(b, name, data)
    first, second = manifest(config, one), manifest(config, one, two)
    first_digest = digest(first.encode())

    def put(text, tag=None, **more):
        return {"repositoryName": name, "imageManifest": text, **({"imageTag": tag} if tag else {}), **more}

    made = b.probe("put an image", "ecr", "put_image", **put(first, "v1"),
            fields={"image.imageId.imageDigest": first_digest, "image.imageId.imageTag": "v1", "image.repositoryName": name}, source=API + "PutImage, Response Syntax")
    # What follows asks for the digest that the server gave.
    ours = made.get("image", {}).get("imageId", {}).get("imageDigest", first_digest)
    b.probe("put it again", "ecr", "put_image", **put(first, "v1"), refused="ImageAlreadyExistsException", source=API + "PutImage, Errors")
    b.probe("a layer that was not uploaded", "ecr", "put_image", **put(manifest(config, b"three"), "v3"), refused="LayersNotFoundException", source=API + "PutImage, Errors")
    b.call("ecr", "batch_delete_image", repositoryName=name, imageIds=[{"imageTag": "v3"}])
    b.probe("a digest that is not the manifest's", "ecr", "put_image", **put(second, "v2", imageDigest=first_digest), refused="ImageDigestDoesNotMatchException", source=API + "PutImage, Errors")
    b.call("ecr", "batch_delete_image", repositoryName=name, imageIds=[{"imageTag": "v2"}])
    b.probe("a manifest that is none", "ecr", "put_image", **put("{", "v2"), refused=INVALID, source=API + "PutImage, Errors")
    b.call("ecr", "batch_delete_image", repositoryName=name, imageIds=[{"imageTag": "v2"}])
    b.call("ecr", "put_image", **put(first, "v1"))  # where one of these was taken, it may be gone
    b.probe("get by tag", "ecr", "batch_get_image", repositoryName=name, imageIds=[{"imageTag": "v1"}], fields={"images[0].imageManifest": first, "images[0].imageId.imageTag": "v1"}, source=API + "BatchGetImage, Response Syntax")
    b.probe("get what is not there", "ecr", "batch_get_image", repositoryName=name, imageIds=[{"imageTag": "none"}], fields={"images": [], "failures[0].failureCode": "ImageNotFound"}, source=API + "ImageFailure, failureCode")
    b.probe("describe", "ecr", "describe_images", repositoryName=name,
            fields={"imageDetails[0].imageTags": ["v1"], "imageDetails[0].imageManifestMediaType": MANIFEST,
                    "imageDetails[0].imagePushedAt": PRESENT, "imageDetails[0].imageSizeInBytes": PRESENT}, source=API + "ImageDetail")
    b.probe("describe what is not there", "ecr", "describe_images", repositoryName=name, imageIds=[{"imageTag": "none"}], refused="ImageNotFoundException", source=API + "DescribeImages, Errors")
    b.probe("the address of a layer", "ecr", "get_download_url_for_layer", repositoryName=name, layerDigest=digest(one), fields={"layerDigest": digest(one), "downloadUrl": PRESENT}, source=API + "GetDownloadUrlForLayer, Response Syntax")
    b.probe("move the tag", "ecr", "put_image", **put(second, "v1"), fields={"image.imageManifest": second, "image.imageId.imageTag": "v1"}, source=GUIDE + "Image tag mutability")
    b.probe("what lost its tag", "ecr", "list_images", repositoryName=name, filter={"tagStatus": "UNTAGGED"}, fields={"length(imageIds || `[]`)": 1, "imageIds[].imageTag || `[]`": []}, source=API + "ListImages, filter")
    b.probe("what has a tag", "ecr", "list_images", repositoryName=name, filter={"tagStatus": "TAGGED"}, fields={"imageIds[].imageTag": ["v1"]}, source=API + "ListImages, filter")
    b.call("ecr", "put_image_tag_mutability", repositoryName=name, imageTagMutability="IMMUTABLE")
    b.probe("a tag that stays", "ecr", "put_image", **put(first, "v1"), refused="ImageTagAlreadyExistsException", source=GUIDE + "Image tag mutability")
    b.call("ecr", "put_image_tag_mutability", repositoryName=name, imageTagMutability="IMMUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "v*"}])
    b.probe("but for excluded tags", "ecr", "put_image", **put(first, "v1"), fields={"image.imageId.imageTag": "v1"}, source=GUIDE + "Image tag mutability, exclusion filters")
    b.probe("a repository with images", "ecr", "delete_repository", repositoryName=name, refused="RepositoryNotEmptyException", source=API + "DeleteRepository, force")
    b.probe("delete by tag", "ecr", "batch_delete_image", repositoryName=name, imageIds=[{"imageTag": "v1"}], fields={"imageIds[].imageTag": ["v1"], "failures": []}, source=API + "BatchDeleteImage")
    b.probe("it was its last tag", "ecr", "describe_images", repositoryName=name, imageIds=[{"imageDigest": ours}], refused="ImageNotFoundException", source=API + "BatchDeleteImage, last tag")
    b.probe("delete what is not there", "ecr", "batch_delete_image", repositoryName=name, imageIds=[{"imageTag": "none"}], fields={"failures[0].failureCode": "ImageNotFound"}, source=API + "ImageFailure, failureCode")
    b.probe("more images than a batch has", "ecr", "batch_get_image", repositoryName=name, imageIds=[{"imageTag": "a"}] * 101, refused=INVALID, source=API + "BatchGetImage, imageIds")
    b.probe("images of nothing", "ecr", "describe_images", repositoryName="battery-ecr/none", refused=MISSING, source=API + "DescribeImages, Errors")
    b.probe("delete with images", "ecr", "delete_repository", repositoryName=name, force=True, source=API + "DeleteRepository, force")
