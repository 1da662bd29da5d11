# SPDX-License-Identifier: MIT OR Apache-2.0
"""IAM: roles, inline and managed policies, boundaries."""

import json

from battery import PRESENT

API = "IAM API Reference, "
ACCOUNT = "arn:aws:iam::123456789012:"
EXECUTION = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


TRUST = document(Principal={"Service": "ecs-tasks.amazonaws.com"}, Action="sts:AssumeRole")
ALLOW = document(Action="s3:GetObject", Resource="arn:aws:s3:::battery/*")


def probes(b):
    roles(b)
    refused_roles(b)
    inline(b)
    managed(b)
    boundary(b)
    lists(b)
    ends(b)


def roles(b):
    b.probe("create a role", "iam", "create_role", RoleName="battery-web", Path="/battery/", AssumeRolePolicyDocument=TRUST,
            Description="a role", Tags=[{"Key": "a", "Value": "1"}], MaxSessionDuration=7200,
            fields={"Role.Arn": ACCOUNT + "role/battery/battery-web", "Role.RoleId": PRESENT, "Role.Path": "/battery/",
                    "Role.CreateDate": PRESENT}, source=API + "CreateRole")
    b.probe("create it again", "iam", "create_role", RoleName="battery-web", AssumeRolePolicyDocument=TRUST, refused="EntityAlreadyExists", source=API + "CreateRole, Errors")
    b.probe("create it in another case", "iam", "create_role", RoleName="Battery-WEB", AssumeRolePolicyDocument=TRUST, refused="EntityAlreadyExists", source=API + "CreateRole, RoleName: names are unique whatever their case")
    b.probe("the role as it was made", "iam", "get_role", RoleName="battery-web",
            fields={"Role.Description": "a role", "Role.MaxSessionDuration": 7200, "Role.Tags": [{"Key": "a", "Value": "1"}],
                    "Role.AssumeRolePolicyDocument.Statement[0].Action": "sts:AssumeRole"}, source=API + "GetRole")
    b.probe("a role that is not there", "iam", "get_role", RoleName="battery-none", refused="NoSuchEntity", source=API + "GetRole, Errors")
    b.probe("no session duration is an hour", "iam", "create_role", RoleName="battery-plain", AssumeRolePolicyDocument=TRUST,
            fields={"Role.Path": "/", "Role.Arn": ACCOUNT + "role/battery-plain"}, source=API + "CreateRole")
    b.probe("an hour is told", "iam", "get_role", RoleName="battery-plain", fields={"Role.MaxSessionDuration": 3600, "Role.Tags": None, "Role.PermissionsBoundary": None}, source=API + "Role")
    b.probe("change description and session", "iam", "update_role", RoleName="battery-web", Description="other", MaxSessionDuration=3600, source=API + "UpdateRole")
    b.probe("the changes are told", "iam", "get_role", RoleName="battery-web", fields={"Role.Description": "other", "Role.MaxSessionDuration": 3600}, source=API + "UpdateRole")
    b.probe("change nobody", "iam", "update_role", RoleName="battery-none", refused="NoSuchEntity", source=API + "UpdateRole, Errors")
    b.probe("another trust", "iam", "update_assume_role_policy", RoleName="battery-web", PolicyDocument=TRUST, source=API + "UpdateAssumeRolePolicy")
    b.probe("a trust that is no JSON", "iam", "update_assume_role_policy", RoleName="battery-web", PolicyDocument="{", refused="MalformedPolicyDocument", source=API + "UpdateAssumeRolePolicy, Errors")
    b.probe("tag the role", "iam", "tag_role", RoleName="battery-web", Tags=[{"Key": "b", "Value": "2"}], source=API + "TagRole")
    b.probe("untag the role", "iam", "untag_role", RoleName="battery-web", TagKeys=["a"], source=API + "UntagRole")
    b.probe("its tags now", "iam", "list_role_tags", RoleName="battery-web", fields={"Tags": [{"Key": "b", "Value": "2"}], "IsTruncated": False}, source=API + "ListRoleTags")
    b.probe("tag nobody", "iam", "tag_role", RoleName="battery-none", Tags=[{"Key": "b", "Value": "2"}], refused="NoSuchEntity", source=API + "TagRole, Errors")


def refused_roles(b):
    def wrong(name, codes, source, **more):
        parameters = {"RoleName": "battery-wrong", "AssumeRolePolicyDocument": TRUST, **more}
        b.probe(name, "iam", "create_role", refused=codes, source=API + source, **parameters)
        b.call("iam", "delete_role", RoleName=parameters["RoleName"])

    wrong("a name of 65 characters", "ValidationError", "CreateRole, RoleName", RoleName="x" * 65)
    wrong("a name with a space", "ValidationError", "CreateRole, RoleName", RoleName="a b")
    wrong("a path without slashes", "ValidationError", "CreateRole, Path", Path="battery")
    wrong("a trust that is no JSON at create", "MalformedPolicyDocument", "CreateRole, Errors", AssumeRolePolicyDocument="no")
    wrong("a trust without a principal", "MalformedPolicyDocument", "CreateRole, Errors", AssumeRolePolicyDocument=document(Action="sts:AssumeRole"))
    wrong("a session of a minute", "ValidationError", "CreateRole, MaxSessionDuration", MaxSessionDuration=60)
    wrong("a description of 1001 characters", "ValidationError", "CreateRole, Description", Description="x" * 1001)
    wrong("a boundary that is not there", "NoSuchEntity", "CreateRole, Errors", PermissionsBoundary=ACCOUNT + "policy/battery-none")


def inline(b):
    b.probe("put an inline policy", "iam", "put_role_policy", RoleName="battery-web", PolicyName="own", PolicyDocument=ALLOW, source=API + "PutRolePolicy")
    b.probe("put it again", "iam", "put_role_policy", RoleName="battery-web", PolicyName="own", PolicyDocument=ALLOW, source=API + "PutRolePolicy: it is replaced")
    b.probe("the inline policy", "iam", "get_role_policy", RoleName="battery-web", PolicyName="own",
            fields={"RoleName": "battery-web", "PolicyName": "own", "PolicyDocument.Statement[0].Resource": "arn:aws:s3:::battery/*"}, source=API + "GetRolePolicy")
    b.probe("one that is not there", "iam", "get_role_policy", RoleName="battery-web", PolicyName="none", refused="NoSuchEntity", source=API + "GetRolePolicy, Errors")
    b.probe("the names of inline policies", "iam", "list_role_policies", RoleName="battery-web", fields={"PolicyNames": ["own"]}, source=API + "ListRolePolicies")
    b.probe("an inline policy of nobody", "iam", "put_role_policy", RoleName="battery-none", PolicyName="own", PolicyDocument=ALLOW, refused="NoSuchEntity", source=API + "PutRolePolicy, Errors")
    b.probe("an inline policy that is no JSON", "iam", "put_role_policy", RoleName="battery-web", PolicyName="bad", PolicyDocument="{", refused="MalformedPolicyDocument", source=API + "PutRolePolicy, Errors")
    b.probe("an inline policy with a principal", "iam", "put_role_policy", RoleName="battery-web", PolicyName="bad",
            PolicyDocument=document(Action="s3:*", Resource="*", Principal="*"), refused="MalformedPolicyDocument", source="IAM User Guide, JSON policy elements: Principal")
    b.probe("an inline policy without a resource", "iam", "put_role_policy", RoleName="battery-web", PolicyName="bad",
            PolicyDocument=document(Action="s3:*"), refused="MalformedPolicyDocument", source="IAM User Guide, JSON policy elements: Resource")
    b.call("iam", "delete_role_policy", RoleName="battery-web", PolicyName="bad")


def managed(b):
    attach = {"RoleName": "battery-web", "PolicyArn": EXECUTION}
    b.probe("attach a policy of AWS", "iam", "attach_role_policy", **attach, source=API + "AttachRolePolicy")
    b.probe("attach it again", "iam", "attach_role_policy", **attach, source=API + "AttachRolePolicy")
    b.probe("what is attached", "iam", "list_attached_role_policies", RoleName="battery-web",
            fields={"AttachedPolicies": [{"PolicyName": "AmazonECSTaskExecutionRolePolicy", "PolicyArn": EXECUTION}]}, source=API + "ListAttachedRolePolicies")
    b.probe("attach what is not there", "iam", "attach_role_policy", RoleName="battery-web", PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicyAtAll", refused="NoSuchEntity", source=API + "AttachRolePolicy, Errors")
    b.probe("attach to nobody", "iam", "attach_role_policy", RoleName="battery-none", PolicyArn=EXECUTION, refused="NoSuchEntity", source=API + "AttachRolePolicy, Errors")
    b.probe("a policy of AWS can be looked at", "iam", "get_policy", PolicyArn=EXECUTION, fields={"Policy.Arn": EXECUTION, "Policy.PolicyName": "AmazonECSTaskExecutionRolePolicy"}, source=API + "GetPolicy")
    b.probe("delete a role with policies", "iam", "delete_role", RoleName="battery-web", refused="DeleteConflict", source=API + "DeleteRole, Errors")


def boundary(b):
    arn = ACCOUNT + "policy/battery-edge"
    b.probe("create a policy", "iam", "create_policy", PolicyName="battery-edge", PolicyDocument=ALLOW, fields={"Policy.Arn": arn, "Policy.AttachmentCount": 0, "Policy.DefaultVersionId": "v1"}, source=API + "CreatePolicy")
    b.probe("create the policy again", "iam", "create_policy", PolicyName="battery-edge", PolicyDocument=ALLOW, refused="EntityAlreadyExists", source=API + "CreatePolicy, Errors")
    b.probe("set a boundary", "iam", "put_role_permissions_boundary", RoleName="battery-web", PermissionsBoundary=arn, source=API + "PutRolePermissionsBoundary")
    b.probe("the boundary is told", "iam", "get_role", RoleName="battery-web", fields={"Role.PermissionsBoundary.PermissionsBoundaryArn": arn}, source=API + "Role")
    b.probe("delete a policy that is a boundary", "iam", "delete_policy", PolicyArn=arn, refused="DeleteConflict", source=API + "DeletePolicy, Errors")
    b.call("iam", "create_policy", PolicyName="battery-edge", PolicyDocument=ALLOW)
    b.probe("take the boundary away", "iam", "delete_role_permissions_boundary", RoleName="battery-web", source=API + "DeleteRolePermissionsBoundary")
    b.probe("delete the policy", "iam", "delete_policy", PolicyArn=arn, source=API + "DeletePolicy")


def lists(b):
    b.probe("roles under a path", "iam", "list_roles", PathPrefix="/battery/", fields={"Roles[].RoleName": ["battery-web"], "Roles[0].Tags": None}, source=API + "ListRoles: tags are left out")
    b.probe("no roles under a path", "iam", "list_roles", PathPrefix="/none/", fields={"Roles": [], "IsTruncated": False}, source=API + "ListRoles")
    mine = "RoleDetailList[?RoleName=='battery-web'] | [0]"
    b.probe("everything about a role in one sweep", "iam", "get_account_authorization_details", Filter=["Role"],
            fields={f"{mine}.RolePolicyList[].PolicyName": ["own"], f"{mine}.AttachedManagedPolicies[].PolicyArn": [EXECUTION],
                    f"{mine}.Tags": [{"Key": "b", "Value": "2"}]}, source=API + "GetAccountAuthorizationDetails")


def ends(b):
    b.probe("detach the policy", "iam", "detach_role_policy", RoleName="battery-web", PolicyArn=EXECUTION, source=API + "DetachRolePolicy")
    b.probe("detach it again", "iam", "detach_role_policy", RoleName="battery-web", PolicyArn=EXECUTION, refused="NoSuchEntity", source=API + "DetachRolePolicy, Errors")
    b.probe("delete the inline policy", "iam", "delete_role_policy", RoleName="battery-web", PolicyName="own", source=API + "DeleteRolePolicy")
    b.probe("delete it again", "iam", "delete_role_policy", RoleName="battery-web", PolicyName="own", refused="NoSuchEntity", source=API + "DeleteRolePolicy, Errors")
    b.probe("delete the role", "iam", "delete_role", RoleName="battery-web", source=API + "DeleteRole")
    b.probe("delete the role again", "iam", "delete_role", RoleName="battery-web", refused="NoSuchEntity", source=API + "DeleteRole, Errors")
    b.call("iam", "delete_role", RoleName="battery-plain")
