// SPDX-License-Identifier: MIT OR Apache-2.0
use super::*;
use crate::sandbox::{
    testing::{Account, between},
    timings::Timings,
};
use std::time::Duration;

const ABSENT: &str = "sg-0123456789abcdef0";

fn account() -> Account {
    Account::new("ec2")
}

/// What stands in each element `name`, in order.
fn all<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    text.split(&start).skip(1).filter_map(|rest| rest.split(&end).next()).collect()
}

fn first(text: &str, name: &str) -> String {
    all(text, name).first().copied().unwrap_or_default().to_owned()
}

fn own_vpc(account: &mut Account) -> String {
    first(&account.xml("CreateVpc", &json!({"CidrBlock": "10.7.0.0/16"})), "vpcId")
}

fn group(account: &mut Account, name: &str, vpc: Option<&str>) -> String {
    let input = json!({"GroupName": name, "GroupDescription": "for a test", "VpcId": vpc});
    first(&account.xml("CreateSecurityGroup", &input), "groupId")
}

fn web(id: &str, cidr: &str) -> Value {
    let permission =
        json!({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": cidr}]});
    json!({"GroupId": id, "IpPermissions": [permission]})
}

fn from_group(id: &str, other: &str) -> Value {
    let permission =
        json!({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "Groups": [{"GroupId": other}]});
    json!({"GroupId": id, "IpPermissions": [permission]})
}

fn by(name: &str, value: &str) -> Value {
    json!([{"Name": name, "Value": [value]}])
}

#[test]
fn an_account_has_a_default_network_from_the_beginning() {
    let mut account = account();
    let vpcs = account.xml("DescribeVpcs", &json!({"Filter": by("is-default", "true")}));
    assert_eq!((all(&vpcs, "vpcId").len(), first(&vpcs, "cidrBlock").as_str()), (1, "172.31.0.0/16"));
    let subnets = account.xml("DescribeSubnets", &json!({"Filter": by("default-for-az", "true")}));
    let mut zones = all(&subnets, "availabilityZone");
    zones.sort_unstable();
    assert_eq!(zones, ["us-east-1a", "us-east-1b", "us-east-1c"]);
    assert_eq!(all(&subnets, "availableIpAddressCount"), ["4091"; 3]);
    assert_eq!(all(&subnets, "mapPublicIpOnLaunch"), ["true"; 3]);
    let tables = account.xml("DescribeRouteTables", &json!({"Filter": by("association.main", "true")}));
    let gateways = account.xml("DescribeInternetGateways", &json!({}));
    assert_eq!(all(&tables, "destinationCidrBlock"), ["172.31.0.0/16", "0.0.0.0/0"]);
    assert_eq!(all(&tables, "gatewayId"), ["local", &first(&gateways, "internetGatewayId")]);
    let groups = account.xml("DescribeSecurityGroups", &json!({"GroupName": ["default"]}));
    let ingress = between(&groups, "<ipPermissions>", "</ipPermissions>");
    assert_eq!(first(ingress, "groupId"), all(&groups, "groupId")[0]);
    let zones = account.xml("DescribeAvailabilityZones", &json!({"ZoneName": ["us-east-1b"]}));
    assert_eq!(all(&zones, "zoneId"), ["use1-az2"]);
    let found = account.world.with("us-east-1", account.now, resources);
    assert_eq!(found, []);
}

#[test]
fn ids_that_are_none_and_ids_of_nothing_are_told_apart() {
    let mut account = account();
    for (operation, member, malformed, id, absent) in [
        ("DescribeVpcs", "VpcId", "InvalidVpcID.Malformed", "vpc-0123456789abcdef0", "InvalidVpcID.NotFound"),
        (
            "DescribeSubnets",
            "SubnetId",
            "InvalidSubnetID.Malformed",
            "subnet-0123456789abcdef0",
            "InvalidSubnetID.NotFound",
        ),
        ("DescribeSecurityGroups", "GroupId", "InvalidGroupId.Malformed", ABSENT, "InvalidGroup.NotFound"),
    ] {
        assert_eq!(account.refused(operation, &json!({member: ["x"]})), malformed);
        assert_eq!(account.refused(operation, &json!({member: [id]})), absent);
    }
    assert_eq!(
        account.refused("DescribeVpcs", &json!({"Filter": by("colour", "red")})),
        "InvalidParameterValue"
    );
    let none = account.xml("DescribeSecurityGroups", &json!({"Filter": by("group-name", "nobody")}));
    assert!(none.contains("<securityGroupInfo></securityGroupInfo>"));
}

#[test]
fn a_group_is_made_once_in_a_vpc_whatever_the_case_of_its_name() {
    let mut account = account();
    let vpc = own_vpc(&mut account);
    let tags = json!([{"ResourceType": "security-group", "Tag": [{"Key": "a", "Value": "1"}]}]);
    let input = json!({"GroupName": "Web", "GroupDescription": "d", "VpcId": vpc, "TagSpecification": tags});
    let made = account.xml("CreateSecurityGroup", &input);
    let id = first(&made, "groupId");
    assert_eq!(
        first(&made, "securityGroupArn"),
        format!("arn:aws:ec2:us-east-1:123456789012:security-group/{id}")
    );
    assert_eq!((first(&made, "key"), first(&made, "value")), ("a".to_owned(), "1".to_owned()));
    let again = json!({"GroupName": "web", "GroupDescription": "d", "VpcId": vpc});
    assert_eq!(account.refused("CreateSecurityGroup", &again), "InvalidGroup.Duplicate");
    let elsewhere = group(&mut account, "web", None);
    assert_ne!(elsewhere, id);
    let found = account.xml(
        "DescribeSecurityGroups",
        &json!({"Filter": [{"Name": "group-name", "Value": ["We*"]}, {"Name": "tag:a", "Value": ["1"]}]}),
    );
    assert_eq!(all(&found, "groupId"), [id.as_str()]);
    let egress = between(&found, "<ipPermissionsEgress>", "</ipPermissionsEgress>");
    assert_eq!((first(egress, "ipProtocol").as_str(), first(egress, "cidrIp").as_str()), ("-1", "0.0.0.0/0"));
    assert!(!egress.contains("fromPort"));
    let account_wide = account.world.with("us-east-1", account.now, resources);
    let kinds: Vec<&str> = account_wide.iter().map(|found| found.kind).collect();
    assert_eq!(kinds, ["ec2.vpc", "ec2.security_group", "ec2.security_group"]);
}

#[test]
fn names_and_descriptions_of_groups_have_rules() {
    let mut account = account();
    let long = "x".repeat(256);
    for (name, description, code) in [
        (None, Some("d"), "MissingParameter"),
        (Some("a"), None, "MissingParameter"),
        (Some("sg-web"), Some("d"), "InvalidParameterValue"),
        (Some("a%b"), Some("d"), "InvalidParameterValue"),
        (Some("a"), Some("naïve"), "InvalidParameterValue"),
        (Some(long.as_str()), Some("d"), "InvalidParameterValue"),
        (Some("default"), Some("d"), "InvalidGroup.Reserved"),
    ] {
        let input = json!({"GroupName": name, "GroupDescription": description});
        assert_eq!(account.refused("CreateSecurityGroup", &input), code, "{name:?} {description:?}");
    }
    let input = json!({"GroupName": "a", "GroupDescription": "d", "VpcId": "vpc-0123456789abcdef0"});
    assert_eq!(account.refused("CreateSecurityGroup", &input), "InvalidVpcID.NotFound");
}

#[test]
fn a_new_group_is_not_known_everywhere_at_once() {
    let mut account = Account::with("ec2", Timings::aws_like());
    let id = group(&mut account, "web", None);
    let named = json!({"GroupId": [id]});
    assert_eq!(account.refused("DescribeSecurityGroups", &named), "InvalidGroup.NotFound");
    assert_eq!(
        account.refused("AuthorizeSecurityGroupIngress", &web(&id, "0.0.0.0/0")),
        "InvalidGroup.NotFound"
    );
    let tag = json!({"ResourceId": [id], "Tag": [{"Key": "a"}]});
    assert_eq!(account.refused("CreateTags", &tag), "InvalidGroup.NotFound");
    let filtered = json!({"Filter": by("group-name", "web")});
    assert_eq!(all(&account.xml("DescribeSecurityGroups", &filtered), "groupId"), [""; 0]);
    account.wait(Duration::from_secs(1));
    account.ok("DescribeSecurityGroups", &named);
    account.ok("AuthorizeSecurityGroupIngress", &web(&id, "0.0.0.0/0"));
}

#[test]
fn groups_come_in_pages() {
    let mut account = account();
    for n in 0..12 {
        group(&mut account, &format!("web-{n}"), None);
    }
    let filter = by("group-name", "web-*");
    let mut token = None;
    let mut found = Vec::new();
    for count in [5, 5, 2] {
        let page = account
            .xml("DescribeSecurityGroups", &json!({"Filter": filter, "MaxResults": 5, "NextToken": token}));
        let names: Vec<String> = all(&page, "groupName").into_iter().map(str::to_owned).collect();
        assert_eq!(names.len(), count);
        found.extend(names);
        token = Some(first(&page, "nextToken"));
    }
    assert_eq!(token.as_deref(), Some(""));
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 12);
    for wrong in [4, 1001] {
        let code = account.refused("DescribeSecurityGroups", &json!({"MaxResults": wrong}));
        assert_eq!(code, "InvalidParameterValue");
    }
    assert_eq!(account.refused("DescribeSecurityGroups", &json!({"NextToken": "?"})), "InvalidNextToken");
}

#[test]
fn one_rule_that_is_there_already_fails_the_whole_call() {
    let mut account = account();
    let id = group(&mut account, "web", None);
    let made = account.xml("AuthorizeSecurityGroupIngress", &web(&id, "100.68.0.18/18"));
    assert_eq!(
        (first(&made, "return").as_str(), first(&made, "cidrIpv4").as_str()),
        ("true", "100.68.0.0/18")
    );
    assert!(first(&made, "securityGroupRuleId").starts_with("sgr-0"));
    let permission = |cidrs: [&str; 2]| {
        let ranges: Vec<Value> = cidrs.iter().map(|cidr| json!({"CidrIp": cidr})).collect();
        json!({"GroupId": id, "IpPermissions": [{"IpProtocol": "6", "FromPort": 80, "ToPort": 80, "IpRanges": ranges}]})
    };
    let code = account.refused("AuthorizeSecurityGroupIngress", &permission(["10.0.0.0/8", "100.68.1.1/18"]));
    assert_eq!(code, "InvalidPermission.Duplicate");
    let code = account.refused("AuthorizeSecurityGroupIngress", &permission(["10.0.0.0/8", "10.0.0.1/8"]));
    assert_eq!(code, "InvalidParameterValue");
    let rules = account.xml("DescribeSecurityGroupRules", &json!({"Filter": by("group-id", &id)}));
    assert_eq!(all(&rules, "cidrIpv4").len(), 2, "one in, one out: {rules}");
}

#[test]
fn rules_are_looked_at_before_they_are_made() {
    let mut account = account();
    let id = group(&mut account, "web", None);
    let other = own_vpc(&mut account);
    let stranger = group(&mut account, "stranger", Some(&other));
    let anywhere = json!([{"CidrIp": "0.0.0.0/0"}]);
    for (permission, code) in [
        (json!({"IpProtocol": "tcp", "IpRanges": anywhere}), "InvalidParameterValue"),
        (
            json!({"IpProtocol": "tcp", "FromPort": 90, "ToPort": 80, "IpRanges": anywhere}),
            "InvalidPermission.Malformed",
        ),
        (
            json!({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 65536, "IpRanges": anywhere}),
            "InvalidPermission.Malformed",
        ),
        (
            json!({"IpProtocol": "icmp", "FromPort": -1, "ToPort": 3, "IpRanges": anywhere}),
            "InvalidPermission.Malformed",
        ),
        (json!({"IpProtocol": "web", "IpRanges": anywhere}), "InvalidParameterValue"),
        (json!({"IpRanges": anywhere}), "MissingParameter"),
        (json!({"IpProtocol": "-1"}), "MissingParameter"),
        (json!({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/33"}]}), "InvalidParameterValue"),
        (json!({"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "10.0.0.0/8"}]}), "InvalidParameterValue"),
        (
            json!({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "a|b"}]}),
            "InvalidParameterValue",
        ),
        (json!({"IpProtocol": "-1", "Groups": [{"GroupId": ABSENT}]}), "InvalidGroup.NotFound"),
        (json!({"IpProtocol": "-1", "Groups": [{"GroupId": stranger}]}), "InvalidGroup.NotFound"),
    ] {
        let input = json!({"GroupId": id, "IpPermissions": [permission]});
        assert_eq!(account.refused("AuthorizeSecurityGroupIngress", &input), code, "{permission}");
    }
    assert_eq!(account.refused("AuthorizeSecurityGroupIngress", &json!({"GroupId": id})), "MissingParameter");
    assert_eq!(
        account.refused("AuthorizeSecurityGroupEgress", &web(ABSENT, "0.0.0.0/0")),
        "InvalidGroup.NotFound"
    );
}

#[test]
fn protocols_without_ports_drop_them() {
    let mut account = account();
    let id = group(&mut account, "web", None);
    for protocol in ["-1", "50"] {
        let permission = json!({"IpProtocol": protocol, "FromPort": 80, "ToPort": 80, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]});
        account.ok("AuthorizeSecurityGroupIngress", &json!({"GroupId": id, "IpPermissions": [permission]}));
    }
    let found = account.xml("DescribeSecurityGroups", &json!({"GroupId": [id]}));
    assert!(!found.contains("fromPort"));
    let rules = account.xml("DescribeSecurityGroupRules", &json!({"Filter": by("group-id", &id)}));
    assert_eq!(all(&rules, "toPort"), ["-1"; 3]);
}

#[test]
fn the_flat_form_makes_rules_too() {
    let mut account = account();
    let id = group(&mut account, "web", None);
    let flat = json!({"GroupName": "web", "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8"});
    account.ok("AuthorizeSecurityGroupIngress", &flat);
    assert_eq!(account.refused("AuthorizeSecurityGroupIngress", &flat), "InvalidPermission.Duplicate");
    account
        .ok("AuthorizeSecurityGroupIngress", &json!({"GroupId": id, "SourceSecurityGroupName": "default"}));
    let found = account.xml("DescribeSecurityGroups", &json!({"GroupId": [id]}));
    let ingress = between(&found, "<ipPermissions>", "</ipPermissions>");
    assert_eq!(all(ingress, "ipProtocol"), ["icmp", "tcp", "tcp", "udp"]);
    account.ok("RevokeSecurityGroupIngress", &flat);
}

#[test]
fn an_absent_rule_is_refused_in_ones_own_vpc_and_only_told_of_in_the_default_one() {
    let mut account = account();
    let vpc = own_vpc(&mut account);
    let id = group(&mut account, "web", Some(&vpc));
    account.ok("AuthorizeSecurityGroupIngress", &web(&id, "10.0.0.0/8"));
    let two = json!({"GroupId": id, "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "11.0.0.0/8"}]},
    ]});
    assert_eq!(account.refused("RevokeSecurityGroupIngress", &two), "InvalidPermission.NotFound");
    let answer = account.xml("RevokeSecurityGroupIngress", &web(&id, "10.0.0.0/8"));
    assert_eq!(first(&answer, "cidrIpv4"), "10.0.0.0/8", "was kept by the refused call: {answer}");
    let id = group(&mut account, "web", None);
    let answer = account.xml("RevokeSecurityGroupIngress", &web(&id, "10.0.0.0/8"));
    assert_eq!(first(&answer, "return"), "true");
    assert_eq!(
        first(between(&answer, "<unknownIpPermissionSet>", "</unknownIpPermissionSet>"), "cidrIp"),
        "10.0.0.0/8"
    );
}

#[test]
fn rules_are_revoked_and_changed_by_their_ids() {
    let mut account = account();
    let id = group(&mut account, "web", None);
    let made = account.xml("AuthorizeSecurityGroupIngress", &web(&id, "10.0.0.0/8"));
    let rule = first(&made, "securityGroupRuleId");
    let update = |rule: &str, port: i64| {
        let wanted = json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIpv4": "10.0.0.0/8", "Description": "x"});
        json!({"GroupId": id, "SecurityGroupRule": [{"SecurityGroupRuleId": rule, "SecurityGroupRule": wanted}]})
    };
    account.ok("ModifySecurityGroupRules", &update(&rule, 81));
    account.ok("AuthorizeSecurityGroupIngress", &web(&id, "10.0.0.0/8"));
    assert_eq!(
        account.refused("ModifySecurityGroupRules", &update(&rule, 80)),
        "InvalidPermission.Duplicate"
    );
    let absent = "sgr-0123456789abcdef0";
    assert_eq!(
        account.refused("ModifySecurityGroupRules", &update(absent, 82)),
        "InvalidSecurityGroupRuleId.NotFound"
    );
    let found = account.xml("DescribeSecurityGroupRules", &json!({"SecurityGroupRuleId": [rule]}));
    assert_eq!((first(&found, "fromPort").as_str(), first(&found, "description").as_str()), ("81", "x"));
    let revoke = json!({"GroupId": id, "SecurityGroupRuleId": [rule]});
    assert_eq!(account.refused("RevokeSecurityGroupEgress", &revoke), "InvalidSecurityGroupRuleId.NotFound");
    account.ok("RevokeSecurityGroupIngress", &revoke);
    assert_eq!(account.refused("RevokeSecurityGroupIngress", &revoke), "InvalidSecurityGroupRuleId.NotFound");
}

#[test]
fn descriptions_of_rules_come_and_go() {
    let mut account = account();
    let id = group(&mut account, "web", None);
    account.ok("AuthorizeSecurityGroupIngress", &web(&id, "10.0.0.0/8"));
    let mut described = web(&id, "10.0.0.0/8");
    described["IpPermissions"][0]["IpRanges"][0]["Description"] = "offices".into();
    account.ok("UpdateSecurityGroupRuleDescriptionsIngress", &described);
    let found = account.xml("DescribeSecurityGroups", &json!({"GroupId": [id]}));
    assert_eq!(first(&found, "description"), "offices");
    account.ok("UpdateSecurityGroupRuleDescriptionsIngress", &web(&id, "10.0.0.0/8"));
    assert!(!account.xml("DescribeSecurityGroups", &json!({"GroupId": [id]})).contains("<description>"));
    assert_eq!(
        account.refused("UpdateSecurityGroupRuleDescriptionsEgress", &described),
        "InvalidPermission.NotFound"
    );
}

#[test]
fn a_group_has_sixty_rules_at_most_in_each_direction_and_version() {
    let mut account = account();
    let id = group(&mut account, "web", None);
    let ranges = |n: u32| (0..n).map(|n| json!({"CidrIp": format!("10.{n}.0.0/16")})).collect::<Vec<_>>();
    let v6: Vec<Value> = (0..59).map(|n| json!({"CidrIpv6": format!("2001:db8:{n:x}::/48")})).collect();
    let permission = |v4: Value, v6: Value| json!({"GroupId": id, "IpPermissions": [{"IpProtocol": "-1", "IpRanges": v4, "Ipv6Ranges": v6}]});
    let code = account.refused("AuthorizeSecurityGroupIngress", &permission(ranges(61).into(), Value::Null));
    assert_eq!(code, "RulesPerSecurityGroupLimitExceeded");
    account.ok("AuthorizeSecurityGroupIngress", &permission(ranges(60).into(), v6.into()));
    let other = group(&mut account, "other", None);
    assert_eq!(
        account.refused("AuthorizeSecurityGroupIngress", &from_group(&id, &other)),
        "RulesPerSecurityGroupLimitExceeded"
    );
}

#[test]
fn a_group_that_others_or_interfaces_use_cannot_be_deleted() {
    let mut account = Account::with("ec2", Timings::aws_like());
    let balancer = group(&mut account, "balancer", None);
    let tasks = group(&mut account, "tasks", None);
    account.wait(Duration::from_secs(1));
    account.ok("AuthorizeSecurityGroupIngress", &from_group(&tasks, &balancer));
    account.ok("AuthorizeSecurityGroupIngress", &from_group(&tasks, &tasks));
    assert_eq!(account.refused("DeleteSecurityGroup", &json!({"GroupId": balancer})), "DependencyViolation");
    account.ok("DeleteSecurityGroup", &json!({"GroupId": tasks}));

    let gone = account.now + Duration::from_mins(1);
    let groups = vec![balancer.clone()];
    let id = account.world.with("us-east-1", account.now, |cx| {
        let subnet_id = cx.here.ec2.subnets.keys().next().cloned().expect("a subnet");
        let interface = Interface {
            subnet_id,
            security_groups: groups,
            description: "ELB app/web/1".to_owned(),
            requester: "amazon-elb".to_owned(),
        };
        let (id, address) = cx.here.ec2.add_interface(interface, cx.ids);
        assert!(address.starts_with("172.31."));
        cx.here.ec2.remove_interface(&id, gone);
        id
    });
    let found = account.xml("DescribeNetworkInterfaces", &json!({"Filter": by("group-id", &balancer)}));
    assert_eq!(
        (first(&found, "networkInterfaceId"), first(&found, "requesterId").as_str()),
        (id, "amazon-elb")
    );
    let counts = account.xml("DescribeSubnets", &json!({"Filter": by("available-ip-address-count", "4090")}));
    assert_eq!(all(&counts, "subnetId").len(), 1);
    let delete = json!({"GroupId": balancer});
    assert_eq!(account.refused("DeleteSecurityGroup", &delete), "DependencyViolation");
    account.wait(Duration::from_mins(1));
    account.ok("DeleteSecurityGroup", &delete);
    assert_eq!(account.refused("DeleteSecurityGroup", &delete), "InvalidGroup.NotFound");
    let named = json!({"GroupName": "default"});
    assert_eq!(account.refused("DeleteSecurityGroup", &named), "CannotDelete");
}

#[test]
fn a_dry_run_says_what_would_be_and_does_nothing() {
    let mut account = account();
    let input = json!({"GroupName": "web", "GroupDescription": "d", "DryRun": true});
    let response = account.call("CreateSecurityGroup", &input);
    assert_eq!(response.status, 412);
    assert_eq!(account.refused("CreateSecurityGroup", &input), "DryRunOperation");
    group(&mut account, "web", None);
    assert_eq!(account.refused("CreateSecurityGroup", &input), "InvalidGroup.Duplicate");
}

#[test]
fn tags_are_of_whatever_has_an_id() {
    let mut account = account();
    let id = group(&mut account, "web", None);
    let vpc = first(&account.xml("DescribeVpcs", &json!({})), "vpcId");
    let tags = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]);
    account.ok("CreateTags", &json!({"ResourceId": [id, vpc], "Tag": tags}));
    let found = account.xml("DescribeTags", &json!({"Filter": by("resource-type", "vpc")}));
    assert_eq!((all(&found, "key"), first(&found, "resourceId")), (vec!["a", "b"], vpc.clone()));
    // A value that the tag does not have protects it.
    account.ok("DeleteTags", &json!({"ResourceId": [id], "Tag": [{"Key": "a", "Value": "2"}, {"Key": "b"}]}));
    let found = account.xml("DescribeTags", &json!({"Filter": by("resource-id", &id)}));
    assert_eq!(all(&found, "key"), ["a"]);
    account.ok("DeleteTags", &json!({"ResourceId": [id, vpc]}));
    assert_eq!(all(&account.xml("DescribeTags", &json!({})), "key"), [""; 0]);
    for (tag, code) in [
        (json!([{"Key": "aws:a"}]), "InvalidTagKey.Malformed"),
        (json!([{"Key": "x".repeat(129)}]), "InvalidParameterValue"),
        (json!([{"Key": "a"}, {"Key": "a"}]), "InvalidParameterValue"),
        (json!((0..51).map(|n| json!({"Key": n.to_string()})).collect::<Vec<_>>()), "TagLimitExceeded"),
        (Value::Null, "MissingParameter"),
    ] {
        assert_eq!(account.refused("CreateTags", &json!({"ResourceId": [id], "Tag": tag})), code);
    }
    let tag = json!([{"Key": "a"}]);
    assert_eq!(account.refused("CreateTags", &json!({"ResourceId": ["x"], "Tag": tag})), "InvalidID");
    assert_eq!(
        account.refused("CreateTags", &json!({"ResourceId": [ABSENT], "Tag": tag})),
        "InvalidGroup.NotFound"
    );
}

#[test]
fn a_network_of_ones_own_is_made_and_deleted() {
    let mut account = account();
    let vpc = own_vpc(&mut account);
    let subnet = json!({"VpcId": vpc, "CidrBlock": "10.7.1.0/24", "AvailabilityZone": "us-east-1b"});
    let made = account.xml("CreateSubnet", &subnet);
    assert_eq!(
        (first(&made, "availableIpAddressCount").as_str(), first(&made, "defaultForAz").as_str()),
        ("251", "false")
    );
    for (input, code) in [
        (subnet, "InvalidSubnet.Conflict"),
        (json!({"VpcId": vpc, "CidrBlock": "10.8.0.0/24"}), "InvalidSubnet.Range"),
        (json!({"VpcId": vpc, "CidrBlock": "10.7.2.0/29"}), "InvalidSubnet.Range"),
        (
            json!({"VpcId": vpc, "CidrBlock": "10.7.2.0/24", "AvailabilityZone": "us-east-1z"}),
            "InvalidParameterValue",
        ),
        (json!({"VpcId": vpc}), "MissingParameter"),
    ] {
        assert_eq!(account.refused("CreateSubnet", &input), code, "{input}");
    }
    assert_eq!(account.refused("CreateVpc", &json!({"CidrBlock": "10.0.0.0/8"})), "InvalidVpc.Range");
    assert_eq!(account.refused("DeleteVpc", &json!({"VpcId": vpc})), "DependencyViolation");
    account.ok("DeleteSubnet", &json!({"SubnetId": first(&made, "subnetId")}));
    account.ok("DeleteVpc", &json!({"VpcId": vpc}));
    assert_eq!(account.refused("DeleteVpc", &json!({"VpcId": vpc})), "InvalidVpcID.NotFound");
    let groups = account.xml("DescribeSecurityGroups", &json!({"Filter": by("vpc-id", &vpc)}));
    assert_eq!(all(&groups, "groupId"), [""; 0]);
}
