# SPDX-License-Identifier: MIT OR Apache-2.0
"""EC2: the default network, security groups and their rules, tags."""

from battery import PRESENT

API = "Amazon EC2 API Reference, "
ERRORS = API + "Error codes, "
VPC_GUIDE = "Amazon VPC User Guide, "

ABSENT = "sg-0123456789abcdef0"


def tcp(port, **peers):
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peers}


def cidr(block, **more):
    return [{"CidrIp": block, **more}]


def network(b):
    found = b.probe("the default VPC", "ec2", "describe_vpcs", Filters=[{"Name": "is-default", "Values": ["true"]}],
                    fields={"length(Vpcs)": 1, "Vpcs[0].CidrBlock": "172.31.0.0/16", "Vpcs[0].State": "available", "Vpcs[0].IsDefault": True},
                    source=VPC_GUIDE + "Default VPC components")
    default = (found.get("Vpcs") or [{}])[0].get("VpcId", "vpc-0")
    of_default = {"Name": "vpc-id", "Values": [default]}
    subnets = b.probe("a default subnet in each zone", "ec2", "describe_subnets",
                      Filters=[{"Name": "default-for-az", "Values": ["true"]}, {"Name": "state", "Values": ["available"]}, of_default],
                      fields={"Subnets[0].MapPublicIpOnLaunch": True, "Subnets[0].DefaultForAz": True, "Subnets[0].AvailabilityZone": PRESENT,
                              "Subnets[0].AvailabilityZoneId": PRESENT, "Subnets[0].SubnetArn": PRESENT, "length(Subnets) >= `2`": True},
                      source=VPC_GUIDE + "Default subnets")
    first = (subnets.get("Subnets") or [{}])[0].get("SubnetId", "subnet-0")
    b.probe("a default subnet is a /20", "ec2", "describe_subnets", SubnetIds=[first],
            fields={"Subnets[].SubnetId": [first], "Subnets[0].AvailableIpAddressCount": PRESENT, "ends_with(Subnets[0].CidrBlock, '/20')": True},
            source=VPC_GUIDE + "Default VPC components; Subnet CIDR blocks")
    b.probe("a subnet that is not there", "ec2", "describe_subnets", SubnetIds=["subnet-0123456789abcdef0"], refused="InvalidSubnetID.NotFound",
            source=ERRORS + "InvalidSubnetID.NotFound")
    b.probe("a VPC that is not there", "ec2", "describe_vpcs", VpcIds=["vpc-0123456789abcdef0"], refused="InvalidVpcID.NotFound",
            source=ERRORS + "InvalidVpcID.NotFound")
    b.probe("what is no id of a VPC", "ec2", "describe_vpcs", VpcIds=["web"], refused="InvalidVpcID.Malformed",
            source=ERRORS + "InvalidVpcID.Malformed")
    gateways = b.probe("the default VPC has an internet gateway", "ec2", "describe_internet_gateways",
                       Filters=[{"Name": "attachment.vpc-id", "Values": [default]}],
                       fields={"length(InternetGateways)": 1, "InternetGateways[0].Attachments[0].State": "available"},
                       source=VPC_GUIDE + "Default VPC components")
    gateway = (gateways.get("InternetGateways") or [{}])[0].get("InternetGatewayId", "igw-0")
    b.probe("the main route table leads there", "ec2", "describe_route_tables",
            Filters=[of_default, {"Name": "association.main", "Values": ["true"]}],
            fields={"RouteTables[0].Routes[?DestinationCidrBlock=='0.0.0.0/0'].GatewayId": [gateway],
                    "RouteTables[0].Routes[?GatewayId=='local'].DestinationCidrBlock": ["172.31.0.0/16"],
                    "RouteTables[0].Associations[0].Main": True},
            source=VPC_GUIDE + "Default VPC components")
    b.probe("the zones", "ec2", "describe_availability_zones",
            fields={"AvailabilityZones[0].ZoneName": "us-east-1a", "AvailabilityZones[0].State": "available",
                    "AvailabilityZones[0].ZoneId": PRESENT, "AvailabilityZones[0].ZoneType": "availability-zone",
                    "AvailabilityZones[0].OptInStatus": "opt-in-not-required"},
            source=API + "AvailabilityZone")
    b.probe("a filter that is none", "ec2", "describe_subnets", Filters=[{"Name": "colour", "Values": ["red"]}], refused="InvalidParameterValue",
            source=API + "DescribeSubnets, Filters; " + ERRORS + "InvalidParameterValue")
    b.probe("nothing has the group yet", "ec2", "describe_network_interfaces", Filters=[{"Name": "group-id", "Values": [ABSENT]}],
            fields={"NetworkInterfaces": []}, source=API + "DescribeNetworkInterfaces, Filters")
    return default


def own_network(b):
    made = b.probe("a VPC of one's own", "ec2", "create_vpc", CidrBlock="10.77.1.0/16",
                   fields={"Vpc.CidrBlock": "10.77.0.0/16", "Vpc.IsDefault": False, "Vpc.InstanceTenancy": "default"},
                   source=API + "CreateVpc, CidrBlock")
    vpc = made.get("Vpc", {}).get("VpcId", "vpc-0")
    b.probe("a VPC that is too large", "ec2", "create_vpc", CidrBlock="10.0.0.0/8", refused=("InvalidVpc.Range", "InvalidVpcRange"),
            source=ERRORS + "InvalidVpcRange")
    made = b.probe("a subnet in it", "ec2", "create_subnet", VpcId=vpc, CidrBlock="10.77.1.0/24", AvailabilityZone="us-east-1b",
                   fields={"Subnet.AvailableIpAddressCount": 251, "Subnet.MapPublicIpOnLaunch": False, "Subnet.DefaultForAz": False,
                           "Subnet.AvailabilityZone": "us-east-1b"},
                   source=API + "CreateSubnet")
    b.probe("a subnet over another", "ec2", "create_subnet", VpcId=vpc, CidrBlock="10.77.1.128/25", refused="InvalidSubnet.Conflict",
            source=ERRORS + "InvalidSubnet.Conflict")
    b.probe("a subnet outside of its VPC", "ec2", "create_subnet", VpcId=vpc, CidrBlock="10.78.0.0/24", refused="InvalidSubnet.Range",
            source=ERRORS + "InvalidSubnet.Range")
    b.probe("a VPC with a subnet is not deleted", "ec2", "delete_vpc", VpcId=vpc, refused="DependencyViolation",
            source=API + "DeleteVpc; " + ERRORS + "DependencyViolation")
    return vpc, made.get("Subnet", {}).get("SubnetId", "subnet-0")


def groups(b, vpc, default):
    create = API + "CreateSecurityGroup"
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": "battery-ec2", "Value": "web"}]}]
    made = b.probe("create a group with tags", "ec2", "create_security_group", GroupName="battery-web", Description="load balancer",
                   VpcId=vpc, TagSpecifications=tags,
                   fields={"Tags": [{"Key": "battery-ec2", "Value": "web"}], "GroupId": PRESENT}, source=create + ", Response Elements")
    web = made.get("GroupId", ABSENT)
    b.probe("its ARN", "ec2", "describe_security_groups", GroupIds=[web],
            fields={"SecurityGroups[0].SecurityGroupArn": f"arn:aws:ec2:us-east-1:123456789012:security-group/{web}"}, source=API + "SecurityGroup")
    b.probe("create it again in other case", "ec2", "create_security_group", GroupName="Battery-Web", Description="d", VpcId=vpc,
            refused="InvalidGroup.Duplicate", source=create + ", GroupName")
    b.probe("the same name in another VPC", "ec2", "create_security_group", GroupName="battery-web", Description="d", fields={"GroupId": PRESENT},
            source=create + ", VpcId")
    b.probe("which is the default VPC", "ec2", "describe_security_groups", GroupNames=["battery-web"],
            fields={"SecurityGroups[].VpcId": [default]}, source=API + "DescribeSecurityGroups, GroupName")
    b.probe("in a VPC that is not there", "ec2", "create_security_group", GroupName="battery-x1", Description="d", VpcId="vpc-0123456789abcdef0",
            refused="InvalidVpcID.NotFound", source=ERRORS + "InvalidVpcID.NotFound")
    b.probe("a name like an id", "ec2", "create_security_group", GroupName="sg-battery", Description="d", VpcId=vpc,
            refused="InvalidParameterValue", source=create + ", GroupName")
    b.probe("a name of 256 characters", "ec2", "create_security_group", GroupName="b" * 256, Description="d", VpcId=vpc,
            refused="InvalidParameterValue", source=create + ", GroupName")
    b.probe("no description", "ec2", "create_security_group", GroupName="battery-x2", VpcId=vpc, refused="MissingParameter",
            source=create + ", GroupDescription; " + ERRORS + "MissingParameter")
    b.probe("a description with a character that may not be", "ec2", "create_security_group", GroupName="battery-x3", Description="a|b", VpcId=vpc,
            refused="InvalidParameterValue", source=create + ", GroupDescription")
    b.probe("tags for something else", "ec2", "create_security_group", GroupName="battery-x4", Description="d", VpcId=vpc,
            TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}]}], refused="InvalidParameterValue",
            source=API + "TagSpecification")
    b.probe("a dry run", "ec2", "create_security_group", GroupName="battery-x5", Description="d", VpcId=vpc, DryRun=True,
            refused="DryRunOperation", source=ERRORS + "DryRunOperation")
    b.probe("a new group lets nothing in and all out", "ec2", "describe_security_groups",
            Filters=[{"Name": "group-name", "Values": ["battery-web"]}, {"Name": "vpc-id", "Values": [vpc]}],
            fields={"SecurityGroups[].GroupId": [web], "SecurityGroups[0].IpPermissions": [], "SecurityGroups[0].Description": "load balancer",
                    "SecurityGroups[0].OwnerId": "123456789012", "SecurityGroups[0].IpPermissionsEgress[].IpProtocol": ["-1"],
                    "SecurityGroups[0].IpPermissionsEgress[0].IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                    "SecurityGroups[0].IpPermissionsEgress[0].FromPort": None},
            source=VPC_GUIDE + "Default security groups; security group rules")
    b.probe("found by a tag and a wildcard", "ec2", "describe_security_groups",
            Filters=[{"Name": "tag:battery-ec2", "Values": ["w*"]}], fields={"SecurityGroups[].GroupId": [web]},
            source=API + "DescribeSecurityGroups, Filters")
    b.probe("no group is no error", "ec2", "describe_security_groups", Filters=[{"Name": "group-name", "Values": ["battery-nobody"]}],
            fields={"SecurityGroups": []}, source=API + "DescribeSecurityGroups")
    b.probe("a group that is not there", "ec2", "describe_security_groups", GroupIds=[ABSENT], refused="InvalidGroup.NotFound",
            source=ERRORS + "InvalidGroup.NotFound")
    b.probe("what is no id of a group", "ec2", "describe_security_groups", GroupIds=["battery"], refused="InvalidGroupId.Malformed",
            source=ERRORS + "InvalidGroupId.Malformed")
    for n in range(6):
        b.call("ec2", "create_security_group", GroupName=f"battery-page-{n}", Description="d", VpcId=vpc)
    pages = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": [f"battery-page-{n}" for n in range(6)]}]
    page = b.probe("a page", "ec2", "describe_security_groups", Filters=pages, MaxResults=5,
                   fields={"length(SecurityGroups)": 5, "NextToken": PRESENT}, source=API + "DescribeSecurityGroups, MaxResults")
    b.probe("the next page", "ec2", "describe_security_groups", Filters=pages, MaxResults=5, NextToken=page.get("NextToken") or "none",
            fields={"length(SecurityGroups)": 1, "NextToken": None}, source=API + "DescribeSecurityGroups, NextToken")
    b.probe("a page that is too short", "ec2", "describe_security_groups", MaxResults=4, refused=("InvalidParameterValue", "InvalidMaxResults"),
            source=API + "DescribeSecurityGroups, MaxResults")
    for group in b.call("ec2", "describe_security_groups", Filters=pages).get("SecurityGroups", []):
        b.call("ec2", "delete_security_group", GroupId=group["GroupId"])
    return web


def rules(b, web, tasks):
    authorize = API + "AuthorizeSecurityGroupIngress"
    b.probe("let a block in", "ec2", "authorize_security_group_ingress", GroupId=web, IpPermissions=[tcp(80, IpRanges=cidr("10.9.0.0/16", Description="all"))],
            fields={"Return": True, "SecurityGroupRules[0].CidrIpv4": "10.9.0.0/16", "SecurityGroupRules[0].SecurityGroupRuleId": PRESENT,
                    "SecurityGroupRules[0].IsEgress": False, "SecurityGroupRules[0].Description": "all", "SecurityGroupRules[0].FromPort": 80},
            source=authorize + ", Response Elements")
    b.probe("the block again", "ec2", "authorize_security_group_ingress", GroupId=web,
            IpPermissions=[tcp(80, IpRanges=cidr("10.9.0.0/16"))], refused="InvalidPermission.Duplicate", source=ERRORS + "InvalidPermission.Duplicate")
    b.probe("the block again in other words", "ec2", "authorize_security_group_ingress", GroupId=web,
            IpPermissions=[tcp(80, IpRanges=cidr("10.9.1.1/16"))], refused="InvalidPermission.Duplicate", source=API + "IpRange, CidrIp")
    b.probe("one that is new and one that is there", "ec2", "authorize_security_group_ingress", GroupId=web,
            IpPermissions=[tcp(81, IpRanges=cidr("10.9.0.0/16")), tcp(80, IpRanges=cidr("10.9.0.0/16"))],
            refused="InvalidPermission.Duplicate", source=ERRORS + "InvalidPermission.Duplicate")
    b.probe("of which neither was added", "ec2", "describe_security_groups", GroupIds=[web],
            fields={"SecurityGroups[0].IpPermissions[?FromPort==`81`]": []}, source=authorize)
    b.probe("rules of their own", "ec2", "describe_security_group_rules", Filters=[{"Name": "group-id", "Values": [web]}],
            fields={"SecurityGroupRules[?IsEgress].IpProtocol": ["-1"], "SecurityGroupRules[0].GroupId": web,
                    "SecurityGroupRules[0].GroupOwnerId": "123456789012", "SecurityGroupRules[0].SecurityGroupRuleId": PRESENT},
            source=API + "SecurityGroupRule")
    b.probe("the same twice in one call", "ec2", "authorize_security_group_ingress", GroupId=web,
            IpPermissions=[tcp(82, IpRanges=cidr("10.0.0.0/8") + cidr("10.0.0.0/8"))], refused=("InvalidParameterValue", "InvalidPermission.Duplicate"),
            source=authorize)
    b.probe("a block becomes canonical", "ec2", "authorize_security_group_ingress", GroupId=tasks, IpPermissions=[tcp(83, IpRanges=cidr("100.68.0.18/18"))],
            fields={"SecurityGroupRules[0].CidrIpv4": "100.68.0.0/18"}, source=API + "IpRange, CidrIp")
    b.call("ec2", "revoke_security_group_ingress", GroupId=tasks, IpPermissions=[tcp(83, IpRanges=cidr("100.68.0.18/18"))])
    b.probe("let another group in", "ec2", "authorize_security_group_ingress", GroupId=tasks,
            IpPermissions=[tcp(8080, UserIdGroupPairs=[{"GroupId": web}])],
            fields={"Return": True, "SecurityGroupRules[0].ReferencedGroupInfo.GroupId": web, "SecurityGroupRules[0].CidrIpv4": None},
            source=API + "SecurityGroupRule, ReferencedGroupInfo")
    b.probe("that is told", "ec2", "describe_security_groups", GroupIds=[tasks],
            fields={"SecurityGroups[0].IpPermissions[0].UserIdGroupPairs[].GroupId": [web],
                    "SecurityGroups[0].IpPermissions[0].UserIdGroupPairs[].UserId": ["123456789012"],
                    "SecurityGroups[0].IpPermissions[0].IpRanges": []}, source=API + "UserIdGroupPair")
    b.probe("let in a group that is not there", "ec2", "authorize_security_group_ingress", GroupId=tasks,
            IpPermissions=[tcp(8080, UserIdGroupPairs=[{"GroupId": ABSENT}])], refused="InvalidGroup.NotFound", source=ERRORS + "InvalidGroup.NotFound")
    b.probe("into a group that is not there", "ec2", "authorize_security_group_ingress", GroupId=ABSENT,
            IpPermissions=[tcp(80, IpRanges=cidr("0.0.0.0/0"))], refused="InvalidGroup.NotFound", source=ERRORS + "InvalidGroup.NotFound")
    b.probe("TCP without ports", "ec2", "authorize_security_group_ingress", GroupId=web, IpPermissions=[{"IpProtocol": "tcp", "IpRanges": cidr("0.0.0.0/0")}],
            refused=("InvalidParameterValue", "InvalidPermission.Malformed"), source=API + "IpPermission, IpProtocol")
    b.probe("a block that is none", "ec2", "authorize_security_group_ingress", GroupId=web, IpPermissions=[tcp(80, IpRanges=cidr("10.0.0.0/33"))],
            refused=("InvalidParameterValue", "InvalidPermission.Malformed"), source=ERRORS + "InvalidPermission.Malformed")
    b.probe("a protocol by its number is the one by its name", "ec2", "authorize_security_group_ingress", GroupId=web,
            IpPermissions=[{"IpProtocol": "6", "FromPort": 80, "ToPort": 80, "IpRanges": cidr("10.9.0.0/16")}],
            refused="InvalidPermission.Duplicate", source=API + "IpPermission, IpProtocol")
    b.probe("all protocols have no ports", "ec2", "authorize_security_group_egress", GroupId=tasks,
            IpPermissions=[{"IpProtocol": "-1", "FromPort": 80, "ToPort": 80, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}],
            fields={"Return": True, "SecurityGroupRules[0].FromPort": -1, "SecurityGroupRules[0].ToPort": -1, "SecurityGroupRules[0].IsEgress": True,
                    "SecurityGroupRules[0].CidrIpv6": "::/0"},
            source=API + "IpPermission, IpProtocol; SecurityGroupRule")
    b.probe("more rules than there may be", "ec2", "authorize_security_group_ingress", GroupId=tasks,
            IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": f"10.{n}.0.0/16"} for n in range(61)]}],
            refused="RulesPerSecurityGroupLimitExceeded", source=VPC_GUIDE + "Amazon VPC quotas")
    describe = API + "UpdateSecurityGroupRuleDescriptionsIngress"
    b.probe("describe a rule otherwise", "ec2", "update_security_group_rule_descriptions_ingress", GroupId=web,
            IpPermissions=[tcp(80, IpRanges=cidr("10.9.0.0/16", Description="some"))], fields={"Return": True}, source=describe)
    b.probe("the description is told", "ec2", "describe_security_groups", GroupIds=[web],
            fields={"SecurityGroups[0].IpPermissions[].IpRanges[] | [?CidrIp=='10.9.0.0/16'].Description": ["some"]}, source=describe)
    b.probe("a description of a rule going out", "ec2", "update_security_group_rule_descriptions_egress", GroupId=web,
            IpPermissions=[{"IpProtocol": "-1", "IpRanges": cidr("0.0.0.0/0", Description="anywhere")}], fields={"Return": True},
            source=API + "UpdateSecurityGroupRuleDescriptionsEgress")
    b.probe("revoke a rule that is not there", "ec2", "revoke_security_group_ingress", GroupId=web, IpPermissions=[tcp(90, IpRanges=cidr("10.0.0.0/8"))],
            refused="InvalidPermission.NotFound", source=API + "RevokeSecurityGroupIngress")
    b.probe("revoke what goes out", "ec2", "revoke_security_group_egress", GroupId=web, IpPermissions=[{"IpProtocol": "-1", "IpRanges": cidr("0.0.0.0/0")}],
            fields={"Return": True, "RevokedSecurityGroupRules[0].CidrIpv4": "0.0.0.0/0", "RevokedSecurityGroupRules[0].IsEgress": True},
            source=API + "RevokedSecurityGroupRule")
    b.probe("nothing goes out now", "ec2", "describe_security_groups", GroupIds=[web], fields={"SecurityGroups[0].IpPermissionsEgress": []},
            source=API + "RevokeSecurityGroupEgress")
    b.probe("a rule of an id that is not there", "ec2", "revoke_security_group_ingress", GroupId=web, SecurityGroupRuleIds=["sgr-0123456789abcdef0"],
            refused="InvalidSecurityGroupRuleId.NotFound", source=ERRORS + "InvalidSecurityGroupRuleId.NotFound")


def tags(b, web):
    b.probe("tag a group", "ec2", "create_tags", Resources=[web], Tags=[{"Key": "battery-b", "Value": "1"}, {"Key": "battery-c", "Value": ""}],
            source=API + "CreateTags")
    of_web = [{"Name": "resource-id", "Values": [web]}]
    b.probe("its tags", "ec2", "describe_tags", Filters=of_web,
            fields={"sort(Tags[].Key)": ["battery-b", "battery-c", "battery-ec2"], "Tags[0].ResourceType": "security-group"},
            source=API + "DescribeTags")
    b.probe("a tag with another value stays", "ec2", "delete_tags", Resources=[web], Tags=[{"Key": "battery-b", "Value": "2"}, {"Key": "battery-c"}],
            source=API + "DeleteTags, Tag")
    b.probe("the tags now", "ec2", "describe_tags", Filters=of_web, fields={"sort(Tags[].Key)": ["battery-b", "battery-ec2"]}, source=API + "DeleteTags, Tag")
    b.probe("a tag of AWS's own", "ec2", "create_tags", Resources=[web], Tags=[{"Key": "aws:a", "Value": "1"}],
            refused=("InvalidTagKey.Malformed", "InvalidParameterValue"), source=ERRORS + "InvalidTagKey.Malformed")
    b.probe("51 tags", "ec2", "create_tags", Resources=[web], Tags=[{"Key": f"k{n}", "Value": ""} for n in range(51)], refused="TagLimitExceeded",
            source=ERRORS + "TagLimitExceeded")
    b.probe("tag what is no id", "ec2", "create_tags", Resources=["battery"], Tags=[{"Key": "a", "Value": "1"}], refused="InvalidID",
            source=ERRORS + "InvalidID")
    b.probe("tag what is not there", "ec2", "create_tags", Resources=[ABSENT], Tags=[{"Key": "a", "Value": "1"}],
            refused=("InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound"), source=ERRORS + "InvalidGroup.NotFound")


def end(b, vpc, subnet, default, web, tasks):
    delete = API + "DeleteSecurityGroup"
    b.probe("a group that another's rule is with", "ec2", "delete_security_group", GroupId=web, refused=("DependencyViolation", "InvalidGroup.InUse"),
            source=delete)
    b.probe("delete the one with the rule", "ec2", "delete_security_group", GroupId=tasks, fields={"Return": True, "GroupId": tasks}, source=delete)
    # Where the group was deleted too early, so that nothing else follows from that.
    if not b.call("ec2", "describe_security_groups", GroupIds=[web]):
        web = b.call("ec2", "create_security_group", GroupName="battery-web", Description="d", VpcId=vpc).get("GroupId", ABSENT)
    b.probe("now it can go", "ec2", "delete_security_group", GroupId=web, source=delete)
    b.probe("and is gone", "ec2", "delete_security_group", GroupId=web, refused="InvalidGroup.NotFound", source=ERRORS + "InvalidGroup.NotFound")
    own = b.call("ec2", "describe_security_groups", Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}])
    b.probe("the default group cannot go", "ec2", "delete_security_group", GroupId=(own.get("SecurityGroups") or [{}])[0].get("GroupId", ABSENT),
            refused="CannotDelete", source=ERRORS + "CannotDelete")
    b.probe("in the default VPC an absent rule is only told of", "ec2", "revoke_security_group_ingress", GroupName="battery-web",
            IpPermissions=[tcp(90, IpRanges=cidr("10.0.0.0/8"))],
            fields={"Return": True, "UnknownIpPermissions[0].IpRanges[0].CidrIp": "10.0.0.0/8"}, source=API + "RevokeSecurityGroupIngress")
    b.probe("the flat form", "ec2", "authorize_security_group_ingress", GroupName="battery-web", IpProtocol="tcp", FromPort=80, ToPort=80,
            CidrIp="0.0.0.0/0", fields={"Return": True, "SecurityGroupRules[0].CidrIpv4": "0.0.0.0/0"},
            source=API + "AuthorizeSecurityGroupIngress, CidrIp")
    b.probe("delete by name", "ec2", "delete_security_group", GroupName="battery-web", source=delete + ", GroupName")
    b.probe("delete the subnet", "ec2", "delete_subnet", SubnetId=subnet, source=API + "DeleteSubnet")
    # What should not have been made.
    for stray in b.call("ec2", "describe_subnets", Filters=[{"Name": "vpc-id", "Values": [vpc]}]).get("Subnets", []):
        b.call("ec2", "delete_subnet", SubnetId=stray["SubnetId"])
    for group in b.call("ec2", "describe_security_groups", Filters=[{"Name": "vpc-id", "Values": [vpc]}]).get("SecurityGroups", []):
        if group["GroupName"] != "default":
            b.call("ec2", "delete_security_group", GroupId=group["GroupId"])
    b.probe("delete the VPC and with it its default group", "ec2", "delete_vpc", VpcId=vpc, source=API + "DeleteVpc")


def probes(b):
    default = network(b)
    vpc, subnet = own_network(b)
    web = groups(b, vpc, default)
    tasks = b.call("ec2", "create_security_group", GroupName="battery-tasks", Description="tasks", VpcId=vpc).get("GroupId", ABSENT)
    rules(b, web, tasks)
    tags(b, web)
    end(b, vpc, subnet, default, web, tasks)
