# SPDX-License-Identifier: MIT OR Apache-2.0
"""Application Auto Scaling of ECS services."""

from battery import PRESENT

AAS = "application-autoscaling"
API = "Application Auto Scaling API Reference, "
CLUSTER = "battery-scaling"
INVALID = "ValidationException"
GONE = "ObjectNotFoundException"


def about(service="web", **more):
    return {"ServiceNamespace": "ecs", "ResourceId": f"service/{CLUSTER}/{service}", "ScalableDimension": "ecs:service:DesiredCount", **more}


def tracking(metric="ECSServiceAverageCPUUtilization", label=None, value=60.0, **more):
    predefined = {"PredefinedMetricType": metric, **({"ResourceLabel": label} if label else {})}
    return {"TargetValue": value, "PredefinedMetricSpecification": predefined, **more}


def policy(configuration, name="cpu", **more):
    return about(PolicyName=name, PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=configuration, **more)


def probes(b):
    b.call("ecs", "create_cluster", clusterName=CLUSTER)
    b.call("ecs", "register_task_definition", family="battery-scaling", networkMode="bridge",
           containerDefinitions=[{"name": "web", "image": "battery/web:1", "memory": 64}])
    for name in ("web", "other"):
        b.call("ecs", "create_service", cluster=CLUSTER, serviceName=name, taskDefinition="battery-scaling", desiredCount=1, launchType="EC2")
    targets(b)
    policies(b)
    tags(b)
    ends(b)
    for name in ("web", "other"):
        b.call(AAS, "deregister_scalable_target", **about(name))
        b.call("ecs", "delete_service", cluster=CLUSTER, service=name, force=True)
        b.until("services[0].status", "INACTIVE", "ecs", "describe_services", cluster=CLUSTER, services=[name], seconds=5)
    b.call("ecs", "deregister_task_definition", taskDefinition="battery-scaling:1")
    b.call("ecs", "delete_cluster", cluster=CLUSTER)


def targets(b):
    register = API + "RegisterScalableTarget"

    def refused(name, source, **more):
        answer = b.probe(name, AAS, "register_scalable_target", refused=INVALID, source=f"{register}, {source}", **{**about(), **more})
        if answer:  # what should not be there must not answer the probes after it
            b.call(AAS, "deregister_scalable_target", **{**about(), **{key: value for key, value in more.items() if key in about()}})

    refused("a target of no service", "Errors", ResourceId=f"service/{CLUSTER}/none", MinCapacity=1, MaxCapacity=2)
    refused("more at least than at most", "MaxCapacity", MinCapacity=3, MaxCapacity=2)
    refused("fewer than none", "MinCapacity: the minimum value allowed is 0", MinCapacity=-1, MaxCapacity=2)
    refused("no upper bound", "MaxCapacity: required when registering a new scalable target", MinCapacity=1)
    refused("no lower bound", "MinCapacity: required when registering a new scalable target", MaxCapacity=1)
    refused("a dimension that is none", "ScalableDimension", MinCapacity=1, MaxCapacity=2, ScalableDimension="ecs:service:Size")
    refused("a resource id that is none", "ResourceId", MinCapacity=1, MaxCapacity=2, ResourceId="web")
    b.probe("no policy without a target", AAS, "put_scaling_policy", refused=GONE, source=API + "PutScalingPolicy, Errors", **policy(tracking()))
    b.probe("a target", AAS, "register_scalable_target", source=register, fields={"ScalableTargetARN": PRESENT},
            **about(MinCapacity=2, MaxCapacity=4, Tags={"a": "1"}))
    b.probe("the service is moved into the bounds", "ecs", "describe_services", cluster=CLUSTER, services=["web"],
            fields={"services[0].desiredCount": 2}, source=register + ": changes the current capacity to a value inside of this range")
    b.probe("what is told of it", AAS, "describe_scalable_targets", ServiceNamespace="ecs", ResourceIds=[about()["ResourceId"]],
            fields={"ScalableTargets[0].MinCapacity": 2, "ScalableTargets[0].MaxCapacity": 4, "ScalableTargets[0].CreationTime": PRESENT,
                    "ScalableTargets[0].ScalableDimension": "ecs:service:DesiredCount"}, source=API + "ScalableTarget")
    b.probe("its role, ARN and suspended state", AAS, "describe_scalable_targets", ServiceNamespace="ecs", ResourceIds=[about()["ResourceId"]],
            fields={"ScalableTargets[0].RoleARN": PRESENT, "ScalableTargets[0].ScalableTargetARN": PRESENT,
                    "ScalableTargets[0].SuspendedState.DynamicScalingInSuspended": False}, source=API + "ScalableTarget")
    b.probe("another upper bound only", AAS, "register_scalable_target", source=register + ": parameters not specified are not changed", **about(MaxCapacity=8))
    b.probe("the lower one stayed", AAS, "describe_scalable_targets", ServiceNamespace="ecs", ResourceIds=[about()["ResourceId"]],
            fields={"ScalableTargets[0].MinCapacity": 2, "ScalableTargets[0].MaxCapacity": 8}, source=register)
    b.probe("suspend the scaling in", AAS, "register_scalable_target", source=register + ", SuspendedState", **about(SuspendedState={"DynamicScalingInSuspended": True}))
    b.probe("it is suspended", AAS, "describe_scalable_targets", ServiceNamespace="ecs", ResourceIds=[about()["ResourceId"]],
            fields={"ScalableTargets[0].SuspendedState.DynamicScalingInSuspended": True,
                    "ScalableTargets[0].SuspendedState.ScheduledScalingSuspended": False}, source=API + "SuspendedState")
    b.probe("no target is no error", AAS, "describe_scalable_targets", ServiceNamespace="ecs", ResourceIds=[f"service/{CLUSTER}/none"],
            fields={"ScalableTargets": []}, source=API + "DescribeScalableTargets")
    b.probe("too many ids", AAS, "describe_scalable_targets", ServiceNamespace="ecs", ResourceIds=[f"service/{CLUSTER}/{n}" for n in range(51)],
            refused=INVALID, source=API + "DescribeScalableTargets, ResourceIds: maximum of 50")
    b.call(AAS, "register_scalable_target", **about("other", MinCapacity=1, MaxCapacity=2))
    both = [about()["ResourceId"], about("other")["ResourceId"]]
    page = b.probe("a page of one", AAS, "describe_scalable_targets", ServiceNamespace="ecs", ResourceIds=both, MaxResults=1,
                   fields={"length(ScalableTargets)": 1, "NextToken": PRESENT}, source=API + "DescribeScalableTargets, MaxResults")
    if page.get("NextToken"):
        b.probe("the page after it", AAS, "describe_scalable_targets", ServiceNamespace="ecs", ResourceIds=both, MaxResults=1, NextToken=page["NextToken"],
                fields={"length(ScalableTargets)": 1, "NextToken": None}, source=API + "DescribeScalableTargets, NextToken")


def policies(b):
    put = API + "PutScalingPolicy"
    b.probe("a policy that tracks a target", AAS, "put_scaling_policy", source=put, fields={"PolicyARN": PRESENT, "length(Alarms)": 2}, **policy(tracking()))
    b.probe("what is told of it, as it was put", AAS, "describe_scaling_policies", ServiceNamespace="ecs", ResourceId=about()["ResourceId"],
            fields={"ScalingPolicies[0].PolicyName": "cpu", "ScalingPolicies[0].PolicyType": "TargetTrackingScaling",
                    "ScalingPolicies[0].TargetTrackingScalingPolicyConfiguration.TargetValue": 60.0, "length(ScalingPolicies[0].Alarms)": 2},
            source=API + "ScalingPolicy")
    b.probe("put it again, otherwise", AAS, "put_scaling_policy", source=put + ": overwrites an existing policy",
            fields={"PolicyARN": PRESENT, "length(Alarms)": 2},
            **policy(tracking(value=50.0, ScaleInCooldown=120, ScaleOutCooldown=30)))
    b.probe("it is one policy still", AAS, "describe_scaling_policies", ServiceNamespace="ecs", ResourceId=about()["ResourceId"],
            fields={"length(ScalingPolicies)": 1, "ScalingPolicies[0].TargetTrackingScalingPolicyConfiguration.ScaleInCooldown": 120}, source=API + "ScalingPolicy")
    b.probe("a policy by requests per target", AAS, "put_scaling_policy", source=API + "PredefinedMetricSpecification, ResourceLabel", fields={"PolicyARN": PRESENT},
            **policy(tracking("ALBRequestCountPerTarget", "app/a/50dc6c495c0c9188/targetgroup/b/943f017f100becff"), "requests"))
    b.probe("only one by name", AAS, "describe_scaling_policies", ServiceNamespace="ecs", ResourceId=about()["ResourceId"], PolicyNames=["requests"],
            fields={"length(ScalingPolicies)": 1, "ScalingPolicies[0].PolicyName": "requests"}, source=API + "DescribeScalingPolicies, PolicyNames")

    def refused(name, source, configuration, policy_name="refused"):
        answer = b.probe(name, AAS, "put_scaling_policy", refused=INVALID, source=f"{API}{source}", **policy(configuration, policy_name))
        if answer:
            b.call(AAS, "delete_scaling_policy", **about(PolicyName=policy_name))

    refused("no label for requests", "PredefinedMetricSpecification, ResourceLabel", tracking("ALBRequestCountPerTarget"))
    refused("a label for processors", "PredefinedMetricSpecification, ResourceLabel",
            tracking(label="app/a/50dc6c495c0c9188/targetgroup/b/943f017f100becff"))
    refused("a metric of tables", "PredefinedMetricSpecification, PredefinedMetricType", tracking("DynamoDBReadCapacityUtilization"))
    refused("no metric at all", "TargetTrackingScalingPolicyConfiguration", {"TargetValue": 1.0})
    refused("no value", "TargetTrackingScalingPolicyConfiguration, TargetValue", {"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}})
    refused("a name too long", "PutScalingPolicy, PolicyName: maximum length of 256", tracking(), "a" * 257)
    b.probe("delete a policy", AAS, "delete_scaling_policy", source=API + "DeleteScalingPolicy", **about(PolicyName="requests"))
    b.probe("delete it again", AAS, "delete_scaling_policy", refused=GONE, source=API + "DeleteScalingPolicy, Errors", **about(PolicyName="requests"))


def tags(b):
    found = b.call(AAS, "describe_scalable_targets", ServiceNamespace="ecs", ResourceIds=[about()["ResourceId"]])
    arn = ((found.get("ScalableTargets") or [{}])[0]).get("ScalableTargetARN") or "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/none"
    b.probe("tags from the beginning", AAS, "list_tags_for_resource", ResourceARN=arn, fields={"Tags": {"a": "1"}}, source=API + "ListTagsForResource")
    b.probe("one more tag", AAS, "tag_resource", ResourceARN=arn, Tags={"b": "2"}, source=API + "TagResource")
    b.probe("one tag less", AAS, "untag_resource", ResourceARN=arn, TagKeys=["a"], source=API + "UntagResource")
    b.probe("the tags now", AAS, "list_tags_for_resource", ResourceARN=arn, fields={"Tags": {"b": "2"}}, source=API + "ListTagsForResource")
    none = "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/0000000000000000000000000000000000aa"
    b.probe("tags of nothing", AAS, "list_tags_for_resource", ResourceARN=none, refused="ResourceNotFoundException", source=API + "ListTagsForResource, Errors")


def ends(b):
    b.probe("deregister the target", AAS, "deregister_scalable_target", source=API + "DeregisterScalableTarget", **about())
    b.probe("its policies are gone with it", AAS, "describe_scaling_policies", ServiceNamespace="ecs", ResourceId=about()["ResourceId"],
            fields={"ScalingPolicies": []}, source=API + "DeregisterScalableTarget: deletes the scaling policies")
    b.probe("deregister it again", AAS, "deregister_scalable_target", refused=GONE, source=API + "DeregisterScalableTarget, Errors", **about())
    b.call(AAS, "register_scalable_target", **about("other", MinCapacity=1, MaxCapacity=2))
    b.call("ecs", "delete_service", cluster=CLUSTER, service="other", force=True)
    b.until("services[0].status", "INACTIVE", "ecs", "describe_services", cluster=CLUSTER, services=["other"], seconds=5)
    b.probe("a target outlives its service", AAS, "describe_scalable_targets", ServiceNamespace="ecs", ResourceIds=[about("other")["ResourceId"]],
            fields={"length(ScalableTargets)": 1}, source=API + "DeregisterScalableTarget")
