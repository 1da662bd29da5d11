# SPDX-License-Identifier: MIT OR Apache-2.0
"""Amazon ECS: services, their deployments and revisions, tasks."""

import json

from battery import PRESENT

API = "Amazon ECS API Reference, "
GUIDE = "Amazon ECS Developer Guide, "
ARN = "arn:aws:ecs:us-east-1:123456789012:"
CLUSTER = "battery-services"
INVALID = "InvalidParameterException"
# The reference has both codes for a parameter that cannot be used, and does not say which it is.
CLIENT = ("ClientException", INVALID)
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def first(answer, key, member):
    """A member of the first of a list; what stands for it where a server did not make it."""
    return ((answer.get(key) or [{}])[0]).get(member) or f"no-{member}"


def definition(b, family, image):
    log = {"logDriver": "awslogs", "options": {"awslogs-group": "/battery-services", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "app"}}
    b.call("ecs", "register_task_definition", family=family, networkMode="awsvpc", requiresCompatibilities=["FARGATE"],
           cpu="256", memory="512", executionRoleArn="arn:aws:iam::123456789012:role/battery-services",
           containerDefinitions=[{"name": "web", "image": image, "essential": True, "portMappings": [{"containerPort": 80}], "logConfiguration": log}])


class World:
    """What services need: a network, a load balancer, a role, a log group, task definitions."""

    def __init__(self, b):
        self.b = b
        subnets = b.call("ec2", "describe_subnets", Filters=[{"Name": "default-for-az", "Values": ["true"]}]).get("Subnets", [])
        zones = {subnet["AvailabilityZone"]: subnet for subnet in subnets}
        chosen = [zones[zone] for zone in sorted(zones)][:2] or [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}]
        self.subnets = [subnet["SubnetId"] for subnet in chosen]
        vpc = chosen[0]["VpcId"]
        self.security_group = b.call("ec2", "create_security_group", GroupName="battery-services", Description="tasks", VpcId=vpc).get("GroupId", "sg-1")
        self.balancer = first(b.call("elbv2", "create_load_balancer", Name="battery-services", Subnets=self.subnets), "LoadBalancers", "LoadBalancerArn")
        self.group = self.target_group("battery-services", vpc, "ip")
        self.alone = self.target_group("battery-services-alone", vpc, "ip")
        self.instances = self.target_group("battery-services-instances", vpc, "instance")
        listener = b.call("elbv2", "create_listener", LoadBalancerArn=self.balancer, Protocol="HTTP", Port=80,
                          DefaultActions=[{"Type": "forward", "TargetGroupArn": self.group}])
        b.call("elbv2", "create_rule", ListenerArn=first(listener, "Listeners", "ListenerArn"), Priority=1,
               Conditions=[{"Field": "path-pattern", "Values": ["/x"]}], Actions=[{"Type": "forward", "TargetGroupArn": self.instances}])
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
        b.call("iam", "create_role", RoleName="battery-services", AssumeRolePolicyDocument=json.dumps(trust))
        b.call("logs", "create_log_group", logGroupName="/battery-services")
        b.call("ecs", "create_cluster", clusterName=CLUSTER, capacityProviders=["FARGATE", "FARGATE_SPOT"])
        definition(b, "battery-web", "battery/web:1")
        definition(b, "battery-web", "battery/web:2")
        definition(b, "battery-bad", "battery/broken:1")
        b.call("ecs", "register_task_definition", family="battery-on-instances", networkMode="bridge",
               containerDefinitions=[{"name": "web", "image": "battery/web:1", "memory": 64, "portMappings": [{"containerPort": 80}]}])
        definition(b, "battery-old", "battery/web:0")
        b.call("ecs", "deregister_task_definition", taskDefinition="battery-old:1")

    def target_group(self, name, vpc, kind):
        answer = self.b.call("elbv2", "create_target_group", Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType=kind)
        return first(answer, "TargetGroups", "TargetGroupArn")

    def network(self, **more):
        return {"awsvpcConfiguration": {"subnets": self.subnets, "securityGroups": [self.security_group], "assignPublicIp": "ENABLED", **more}}

    def service(self, **more):
        """A CreateService that works, with some members otherwise; those that are None are left out."""
        wanted = {
            "cluster": CLUSTER, "serviceName": "battery-refused", "taskDefinition": "battery-web:1", "desiredCount": 1, "launchType": "FARGATE",
            "networkConfiguration": self.network(), **more,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def balancing(self, group=None, container="web", port=80):
        return [{"targetGroupArn": group or self.group, "containerName": container, "containerPort": port}]

    def stable(self, name):
        """Waits until a service has one deployment, which is over."""
        path = "join(' ', [to_string(length(services[0].deployments)), services[0].deployments[0].rolloutState || 'none'])"
        self.b.until(path, "1 COMPLETED", "ecs", "describe_services", cluster=CLUSTER, services=[name], seconds=6)

    def done(self):
        b = self.b
        for name in ("battery-shop", "battery-bad", "battery-refused", "battery-spot", "battery-on-instances", "battery-daemon"):
            b.call("ecs", "delete_service", cluster=CLUSTER, service=name, force=True)
            b.until("services[0].status", "INACTIVE", "ecs", "describe_services", cluster=CLUSTER, services=[name], seconds=5)
        for task in b.call("ecs", "list_tasks", cluster=CLUSTER).get("taskArns", []):
            b.call("ecs", "stop_task", cluster=CLUSTER, task=task)
        b.call("elbv2", "delete_load_balancer", LoadBalancerArn=self.balancer)
        for group in (self.group, self.alone, self.instances):
            b.call("elbv2", "delete_target_group", TargetGroupArn=group)
        b.call("ec2", "delete_security_group", GroupId=self.security_group)
        for name in ("battery-web:1", "battery-web:2", "battery-bad:1", "battery-on-instances:1"):
            b.call("ecs", "deregister_task_definition", taskDefinition=name)
        b.call("ecs", "delete_cluster", cluster=CLUSTER)
        b.call("iam", "delete_role", RoleName="battery-services")
        b.call("logs", "delete_log_group", logGroupName="/battery-services")


def probes(b):
    world = World(b)
    refusals(b, world)
    life(b, world)
    variants(b, world)
    updates(b, world)
    history(b)
    tasks(b, world)
    rollback(b, world)
    deletion(b)
    world.done()


def refusals(b, world):
    create = API + "CreateService"

    def refused(name, code, source, **more):
        answer = b.probe(name, "ecs", "create_service", refused=code, source=f"{create}, {source}", **world.service(**more))
        if answer:  # what should not be there must not answer the probes after it
            b.call("ecs", "delete_service", cluster=CLUSTER, service=(answer.get("service") or {}).get("serviceName", "battery-refused"), force=True)

    refused("a service in no cluster", "ClusterNotFoundException", "Errors", cluster="battery-none")
    refused("a name with a space", INVALID, "serviceName: letters, numbers, underscores, hyphens", serviceName="a b")
    refused("a name too long", INVALID, "serviceName: up to 255", serviceName="a" * 256)
    refused("no such task definition", CLIENT, "taskDefinition", taskDefinition="battery-none:1")
    refused("a task definition that is INACTIVE", CLIENT, "taskDefinition: an ACTIVE revision", taskDefinition="battery-old:1")
    refused("no count of replicas", INVALID, "desiredCount: required if REPLICA", desiredCount=None)
    refused("launch type and strategy", INVALID, "launchType: if specified, capacityProviderStrategy must be omitted",
            capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}])
    refused("Fargate with a task definition for instances", CLIENT + ("PlatformTaskDefinitionIncompatibilityException",), "launchType",
            taskDefinition="battery-on-instances:1", networkConfiguration=None)
    refused("awsvpc without a network", INVALID, "networkConfiguration: required for awsvpc", networkConfiguration=None)
    refused("a network without awsvpc", INVALID, "networkConfiguration: not supported for other network modes",
            taskDefinition="battery-on-instances:1", launchType="EC2")
    refused("no such subnet", INVALID, "networkConfiguration",
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-00000000000000000"]}})
    refused("no such security group", INVALID, "networkConfiguration", networkConfiguration=world.network(securityGroups=["sg-00000000000000000"]))
    refused("an unknown platform version", ("PlatformUnknownException", INVALID), "platformVersion", platformVersion="9.9.9")
    refused("a container that is not in the task definition", INVALID, "loadBalancers: containerName", loadBalancers=world.balancing(container="none"))
    refused("a port that the container has not", INVALID, "loadBalancers: containerPort", loadBalancers=world.balancing(port=81))
    refused("no such target group", INVALID, "loadBalancers",
            loadBalancers=world.balancing("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/none/0123456789abcdef"))
    refused("a target group without a load balancer", INVALID, "loadBalancers", loadBalancers=world.balancing(world.alone))
    refused("targets by instance for awsvpc", INVALID, "loadBalancers: ip as the target type, not instance", loadBalancers=world.balancing(world.instances))
    refused("a grace period without a load balancer", INVALID, "healthCheckGracePeriodSeconds", healthCheckGracePeriodSeconds=60)
    refused("a daemon on Fargate", INVALID, "schedulingStrategy: Fargate tasks do not support DAEMON", schedulingStrategy="DAEMON", desiredCount=None)
    refused("a launch type that is none", INVALID, "launchType", launchType="MOON")
    refused("a token too long", INVALID, "clientToken: up to 36", clientToken="a" * 37)
    refused("two bases", INVALID, "capacityProviderStrategy: only one can have a base", launchType=None,
            capacityProviderStrategy=[{"capacityProvider": "FARGATE", "base": 1, "weight": 1}, {"capacityProvider": "FARGATE_SPOT", "base": 1}])


def life(b, world):
    describe = API + "Service"
    wanted = world.service(
        serviceName="battery-shop", desiredCount=2, clientToken="battery-token", deploymentConfiguration=BREAKER, loadBalancers=world.balancing(),
        healthCheckGracePeriodSeconds=60, propagateTags="SERVICE", enableECSManagedTags=True, tags=[{"key": "a", "value": "1"}],
    )
    first_of = b.probe("a service on Fargate behind a load balancer", "ecs", "create_service", **wanted,
                       fields={"service.status": "ACTIVE", "service.serviceArn": f"{ARN}service/{CLUSTER}/battery-shop",
                               "service.clusterArn": f"{ARN}cluster/{CLUSTER}", "service.desiredCount": 2,
                               "service.taskDefinition": f"{ARN}task-definition/battery-web:1", "service.deployments[0].status": "PRIMARY",
                               "service.schedulingStrategy": "REPLICA", "service.createdAt": PRESENT},
                       source=API + "CreateService")
    b.probe("the deployment it starts", "ecs", "describe_services", cluster=CLUSTER, services=["battery-shop"],
            fields={"services[0].deployments[0].id": PRESENT, "services[0].deployments[0].taskDefinition": f"{ARN}task-definition/battery-web:1",
                    "services[0].deployments[0].createdAt": PRESENT, "services[0].deployments[0].desiredCount": 2}, source=API + "Deployment")
    again = b.probe("the same call again", "ecs", "create_service", **wanted, fields={"service.serviceName": "battery-shop"},
                    source=API + "CreateService, clientToken: idempotency")
    b.probe("the name is held", "ecs", "create_service", refused=INVALID, **{**world.service(), "serviceName": "battery-shop"},
            source=API + "DeleteService: a new service with the same name as an ACTIVE one is an error")
    if not again or not first_of:
        b.call("ecs", "create_service", **wanted)
    world.stable("battery-shop")
    b.probe("its tasks run", "ecs", "describe_services", cluster=CLUSTER, services=["battery-shop"],
            fields={"services[0].runningCount": 2, "services[0].pendingCount": 0, "length(services[0].deployments)": 1}, source=describe)
    b.probe("its deployment is complete", "ecs", "describe_services", cluster=CLUSTER, services=["battery-shop"],
            fields={"services[0].deployments[0].rolloutState": "COMPLETED", "services[0].deployments[0].failedTasks": 0}, source=API + "Deployment, rolloutState")
    b.probe("it says that it is steady", "ecs", "describe_services", cluster=CLUSTER, services=["battery-shop"],
            fields={"services[0].events[0].message": "(service battery-shop) has reached a steady state."}, source=GUIDE + "service event messages")
    b.probe("what was given is told", "ecs", "describe_services", cluster=CLUSTER, services=["battery-shop"],
            fields={"services[0].healthCheckGracePeriodSeconds": 60, "services[0].propagateTags": "SERVICE", "services[0].enableECSManagedTags": True,
                    "services[0].loadBalancers[0].targetGroupArn": world.group, "services[0].launchType": "FARGATE",
                    "services[0].networkConfiguration.awsvpcConfiguration.assignPublicIp": "ENABLED",
                    "services[0].deploymentConfiguration.deploymentCircuitBreaker.rollback": True}, source=describe)
    b.probe("what was not given is told too", "ecs", "describe_services", cluster=CLUSTER, services=["battery-shop"],
            fields={"services[0].deploymentConfiguration.maximumPercent": 200, "services[0].deploymentConfiguration.minimumHealthyPercent": 100,
                    "services[0].platformVersion": "LATEST", "services[0].enableExecuteCommand": False, "services[0].roleArn": PRESENT}, source=describe)
    b.probe("tags must be asked for", "ecs", "describe_services", cluster=CLUSTER, services=["battery-shop"], fields={"services[0].tags": None},
            source=API + "DescribeServices, include: if omitted, tags aren't included")
    b.probe("tags when asked for", "ecs", "describe_services", cluster=CLUSTER, services=["battery-shop"], include=["TAGS"],
            fields={"services[0].tags": [{"key": "a", "value": "1"}]}, source=API + "DescribeServices, include")
    b.probe("its targets are healthy", "elbv2", "describe_target_health", TargetGroupArn=world.group,
            fields={"length(TargetHealthDescriptions)": 2, "TargetHealthDescriptions[0].TargetHealth.State": "healthy"}, source=GUIDE + "service load balancing")
    b.probe("a service that never was", "ecs", "describe_services", cluster=CLUSTER, services=["battery-none"],
            fields={"services": [], "failures[0].reason": "MISSING"}, source=API + "Failure reasons")
    b.probe("eleven services at once", "ecs", "describe_services", cluster=CLUSTER, services=[f"s{n}" for n in range(11)], refused=INVALID,
            source=API + "DescribeServices, services: up to 10")
    b.probe("services of no cluster", "ecs", "describe_services", cluster="battery-none", services=["a"], refused="ClusterNotFoundException",
            source=API + "DescribeServices, Errors")
    b.probe("an ARN of another cluster", "ecs", "describe_services", cluster=CLUSTER, services=[f"{ARN}service/battery-other/a"], refused=INVALID,
            source=API + "DescribeServices, cluster")
    b.probe("the list of services", "ecs", "list_services", cluster=CLUSTER, fields={"serviceArns": [f"{ARN}service/{CLUSTER}/battery-shop"]},
            source=API + "ListServices")
    b.probe("a page too long", "ecs", "list_services", cluster=CLUSTER, maxResults=101, refused=INVALID, source=API + "ListServices, maxResults")


def variants(b, world):
    spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    b.probe("a service by capacity providers", "ecs", "create_service", source=API + "CreateService, capacityProviderStrategy",
            fields={"service.capacityProviderStrategy[0].capacityProvider": "FARGATE_SPOT", "service.launchType": None},
            **world.service(serviceName="battery-spot", launchType=None, capacityProviderStrategy=spot))
    b.probe("a service on instances", "ecs", "create_service", source=API + "CreateService, launchType",
            fields={"service.launchType": "EC2", "service.schedulingStrategy": "REPLICA"},
            **world.service(serviceName="battery-on-instances", launchType="EC2", taskDefinition="battery-on-instances", networkConfiguration=None))
    b.probe("a daemon", "ecs", "create_service", source=API + "CreateService, schedulingStrategy", fields={"service.schedulingStrategy": "DAEMON"},
            **world.service(serviceName="battery-daemon", launchType="EC2", taskDefinition="battery-on-instances", networkConfiguration=None,
                            desiredCount=None, schedulingStrategy="DAEMON"))
    b.probe("a count for a daemon", "ecs", "update_service", cluster=CLUSTER, service="battery-daemon", desiredCount=2, refused=INVALID,
            source=API + "CreateService, desiredCount")
    for name in ("battery-spot", "battery-on-instances", "battery-daemon"):
        b.call("ecs", "delete_service", cluster=CLUSTER, service=name, force=True)


def primary(b, name):
    answer = b.call("ecs", "describe_services", cluster=CLUSTER, services=[name])
    deployments = (answer.get("services") or [{}])[0].get("deployments") or [{}]
    return deployments[0].get("id")


def updates(b, world):
    update, shop = API + "UpdateService", {"cluster": CLUSTER, "service": "battery-shop"}
    before = primary(b, "battery-shop")
    b.probe("another count", "ecs", "update_service", desiredCount=3, **shop, fields={"service.desiredCount": 3, "service.deployments[0].id": before},
            source=update + ": desiredCount doesn't trigger a new service deployment")
    b.until("services[0].runningCount", 3, "ecs", "describe_services", cluster=CLUSTER, services=["battery-shop"], seconds=8)
    b.probe("as many run", "ecs", "describe_services", cluster=CLUSTER, services=["battery-shop"], fields={"services[0].runningCount": 3}, source=update)
    b.probe("one setting of the deployments", "ecs", "update_service", deploymentConfiguration={"maximumPercent": 150}, **shop,
            fields={"service.deploymentConfiguration.maximumPercent": 150, "service.deploymentConfiguration.minimumHealthyPercent": 100,
                    "service.deployments[0].id": before}, source=update + ", deploymentConfiguration: doesn't trigger a new service deployment")
    b.probe("another grace period", "ecs", "update_service", healthCheckGracePeriodSeconds=0, **shop,
            fields={"service.healthCheckGracePeriodSeconds": 0, "service.deployments[0].id": before}, source=update + ", healthCheckGracePeriodSeconds")
    b.probe("another task definition", "ecs", "update_service", taskDefinition="battery-web:2", desiredCount=2, **shop,
            fields={"service.taskDefinition": f"{ARN}task-definition/battery-web:2", "service.deployments[0].taskDefinition": f"{ARN}task-definition/battery-web:2",
                    "service.deployments[0].status": "PRIMARY", "service.deployments[1].id": before, "service.deployments[1].status": "ACTIVE"}, source=update)
    world.stable("battery-shop")
    b.probe("only the new deployment is left", "ecs", "describe_services", cluster=CLUSTER, services=["battery-shop"],
            fields={"length(services[0].deployments)": 1, "services[0].deployments[0].rolloutState": "COMPLETED", "services[0].runningCount": 2},
            source=API + "Deployment")
    before = primary(b, "battery-shop")
    same = b.call("ecs", "update_service", taskDefinition="battery-web:2", **shop)
    b.probe("the same task definition again", "ecs", "describe_services", cluster=CLUSTER, services=["battery-shop"],
            fields={"services[0].deployments[0].id": before if same else PRESENT}, source=update)
    forced = b.probe("a forced deployment", "ecs", "update_service", forceNewDeployment=True, **shop,
                     fields={f"service.deployments[0].id != '{before}'": True}, source=update + ", forceNewDeployment")
    if forced:
        world.stable("battery-shop")
    b.probe("no such task definition for an update", "ecs", "update_service", taskDefinition="battery-none:1", **shop, refused=CLIENT, source=update + ", taskDefinition")
    b.probe("an update of nothing", "ecs", "update_service", cluster=CLUSTER, service="battery-none", desiredCount=1, refused="ServiceNotFoundException",
            source=update + ", Errors")
    b.probe("an update in no cluster", "ecs", "update_service", cluster="battery-none", service="a", refused="ClusterNotFoundException", source=update + ", Errors")
    b.probe("a negative count", "ecs", "update_service", desiredCount=-1, **shop, refused=INVALID, source=update + ", desiredCount")


def history(b):
    shop = {"cluster": CLUSTER, "service": "battery-shop"}
    listed = b.probe("its service deployments, the latest first", "ecs", "list_service_deployments", **shop,
                     fields={"length(serviceDeployments)": 3, "serviceDeployments[0].status": "SUCCESSFUL",
                             "serviceDeployments[0].targetServiceRevisionArn": PRESENT}, source=API + "ListServiceDeployments")
    b.probe("those of a status", "ecs", "list_service_deployments", status=["STOPPED"], **shop, fields={"serviceDeployments": []},
            source=API + "ListServiceDeployments, status")
    b.probe("service deployments of nothing", "ecs", "list_service_deployments", cluster=CLUSTER, service="battery-none", refused="ServiceNotFoundException",
            source=API + "ListServiceDeployments, Errors")
    arn = first(listed, "serviceDeployments", "serviceDeploymentArn")
    arn = arn if arn.startswith("arn:") else f"{ARN}service-deployment/{CLUSTER}/battery-shop/AAAAAAAAAAAAAAAAAAAAA"
    described = b.probe("a service deployment", "ecs", "describe_service_deployments", serviceDeploymentArns=[arn],
                        fields={"serviceDeployments[0].status": "SUCCESSFUL", "serviceDeployments[0].finishedAt": PRESENT,
                                "serviceDeployments[0].deploymentCircuitBreaker.threshold": 3,
                                "serviceDeployments[0].targetServiceRevision.runningTaskCount": 2}, source=API + "ServiceDeployment")
    target = (first(described, "serviceDeployments", "targetServiceRevision"))
    revision = target.get("arn") if isinstance(target, dict) else f"{ARN}service-revision/{CLUSTER}/battery-shop/1"
    b.probe("its service revision", "ecs", "describe_service_revisions", serviceRevisionArns=[revision],
            fields={"serviceRevisions[0].taskDefinition": f"{ARN}task-definition/battery-web:2", "serviceRevisions[0].launchType": "FARGATE",
                    "serviceRevisions[0].containerImages[0].image": "battery/web:2"}, source=API + "ServiceRevision")
    none = f"{ARN}service-deployment/{CLUSTER}/battery-none/AAAAAAAAAAAAAAAAAAAAA"
    b.probe("a service deployment that never was", "ecs", "describe_service_deployments", serviceDeploymentArns=[none],
            fields={"serviceDeployments": [], "failures[0].reason": "MISSING"}, source=API + "DescribeServiceDeployments, failures")
    b.probe("stop a service deployment that is over", "ecs", "stop_service_deployment", serviceDeploymentArn=arn, stopType="ROLLBACK",
            refused=("ConflictException", "ServiceDeploymentNotFoundException"), source=API + "StopServiceDeployment, Errors")


def tasks(b, world):
    listed = b.probe("its tasks", "ecs", "list_tasks", cluster=CLUSTER, serviceName="battery-shop", fields={"length(taskArns)": 2}, source=API + "ListTasks")
    arns = listed.get("taskArns") or [f"{ARN}task/{CLUSTER}/00000000000000000000000000000000"]
    b.probe("tasks say whose they are", "ecs", "describe_tasks", cluster=CLUSTER, tasks=arns, source=API + "Task",
            fields={"tasks[0].group": "service:battery-shop", "tasks[0].startedBy": primary(b, "battery-shop"), "tasks[0].lastStatus": "RUNNING",
                    "tasks[0].desiredStatus": "RUNNING", "tasks[0].launchType": "FARGATE"})
    b.probe("their network interfaces", "ecs", "describe_tasks", cluster=CLUSTER, tasks=arns, source=API + "Attachment",
            fields={"tasks[0].attachments[0].type": "ElasticNetworkInterface", "tasks[0].attachments[0].status": "ATTACHED",
                    "tasks[0].containers[0].networkInterfaces[0].privateIpv4Address": PRESENT})
    b.probe("the service's tags on them", "ecs", "describe_tasks", cluster=CLUSTER, tasks=arns, include=["TAGS"], source=API + "CreateService, propagateTags",
            fields={"tasks[0].tags[?key=='a'].value | [0]": "1", "tasks[0].tags[?key=='aws:ecs:serviceName'].value | [0]": "battery-shop"})
    b.probe("tasks of no service", "ecs", "list_tasks", cluster=CLUSTER, serviceName="battery-none", refused="ServiceNotFoundException", source=API + "ListTasks, Errors")
    b.probe("startedBy with another filter", "ecs", "list_tasks", cluster=CLUSTER, startedBy="a", family="b", refused=INVALID,
            source=API + "ListTasks, startedBy: it must be the only filter")
    b.probe("a task that never was", "ecs", "describe_tasks", cluster=CLUSTER, tasks=["0" * 32], source=API + "Failure reasons",
            fields={"tasks": [], "failures[0].reason": "MISSING"})
    run = {"cluster": CLUSTER, "taskDefinition": "battery-web:1", "launchType": "FARGATE", "networkConfiguration": world.network()}
    task = b.probe("a task by itself", "ecs", "run_task", startedBy="battery", clientToken="battery-run", **run, source=API + "RunTask",
                   fields={"tasks[0].group": "family:battery-web", "tasks[0].startedBy": "battery", "tasks[0].desiredStatus": "RUNNING", "failures": []})
    arn = first(task, "tasks", "taskArn")
    b.probe("the same run again", "ecs", "run_task", startedBy="battery", clientToken="battery-run", **run, source=API + "RunTask, clientToken",
            fields={"tasks[0].taskArn": arn})
    b.probe("eleven tasks at once", "ecs", "run_task", count=11, **run, refused=INVALID, source=API + "RunTask, count: up to 10")
    b.probe("a run of nothing", "ecs", "run_task", **{**run, "taskDefinition": "battery-none"}, refused=CLIENT, source=API + "RunTask, taskDefinition")
    b.probe("stop it", "ecs", "stop_task", cluster=CLUSTER, task=arn, reason="enough", source=API + "StopTask",
            fields={"task.desiredStatus": "STOPPED", "task.stopCode": "UserInitiated", "task.stoppedReason": "enough"})
    b.until("tasks[0].lastStatus", "STOPPED", "ecs", "describe_tasks", cluster=CLUSTER, tasks=[arn], seconds=5)
    b.probe("it has stopped", "ecs", "describe_tasks", cluster=CLUSTER, tasks=[arn], fields={"tasks[0].lastStatus": "STOPPED"}, source=GUIDE + "task lifecycle")
    b.probe("stop nothing", "ecs", "stop_task", cluster=CLUSTER, task="0" * 32, refused=CLIENT, source=API + "StopTask, Errors")


def rollback(b, world):
    shop = {"cluster": CLUSTER, "services": ["battery-shop"]}
    before = primary(b, "battery-shop")
    answer = b.call("ecs", "update_service", cluster=CLUSTER, service="battery-shop", taskDefinition="battery-bad:1")
    new = ((answer.get("service") or {}).get("deployments") or [{}])[0].get("id")
    b.until("services[0].taskDefinition", f"{ARN}task-definition/battery-web:2", "ecs", "describe_services", seconds=8, **shop)
    world.stable("battery-shop")
    b.probe("a deployment that fails gives way to the one before", "ecs", "describe_services", **shop, source=GUIDE + "deployment circuit breaker",
            fields={"services[0].taskDefinition": f"{ARN}task-definition/battery-web:2", "services[0].deployments[0].id": before,
                    "services[0].runningCount": 2})
    b.probe("and it says so", "ecs", "describe_services", **shop, source=GUIDE + "service event messages",
            fields={f"services[0].events[?contains(message, '(deployment {new}) deployment failed')] | length(@)": 1})
    stopped = b.probe("the tasks that failed", "ecs", "list_tasks", cluster=CLUSTER, serviceName="battery-shop", desiredStatus="STOPPED",
                      fields={"taskArns[0]": PRESENT}, source=API + "ListTasks, desiredStatus")
    arns = stopped.get("taskArns") or ["0" * 32]
    b.probe("why they did", "ecs", "describe_tasks", cluster=CLUSTER, tasks=arns, source=API + "Task, stopCode",
            fields={f"tasks[?startedBy=='{new}'] | [0].stopCode": "EssentialContainerExited",
                    f"tasks[?startedBy=='{new}'] | [0].stoppedReason": "Essential container in task exited",
                    f"tasks[?startedBy=='{new}'] | [0].containers[0].exitCode": 3})
    b.probe("a rollback in the service deployments", "ecs", "list_service_deployments", cluster=CLUSTER, service="battery-shop",
            fields={"serviceDeployments[0].status": "ROLLBACK_SUCCESSFUL"}, source=API + "ServiceDeployment, status")
    b.call("ecs", "create_service", **world.service(serviceName="battery-bad", taskDefinition="battery-bad:1", deploymentConfiguration=BREAKER))
    bad = {"cluster": CLUSTER, "services": ["battery-bad"]}
    b.until("services[0].deployments[0].rolloutState", "FAILED", "ecs", "describe_services", seconds=8, **bad)
    b.probe("a first deployment that fails", "ecs", "describe_services", **bad, source=GUIDE + "deployment circuit breaker",
            fields={"services[0].deployments[0].status": "PRIMARY", "services[0].deployments[0].rolloutState": "FAILED", "services[0].runningCount": 0,
                    "services[0].status": "ACTIVE"})


def deletion(b):
    shop = {"cluster": CLUSTER, "service": "battery-shop"}
    b.probe("delete what still wants tasks", "ecs", "delete_service", **shop, refused=INVALID, source=API + "DeleteService: update to a desired count of zero")
    b.probe("delete it all the same", "ecs", "delete_service", force=True, **shop, fields={"service.status": "DRAINING", "service.desiredCount": 0},
            source=API + "DeleteService, force")
    b.until("services[0].status", "INACTIVE", "ecs", "describe_services", cluster=CLUSTER, services=["battery-shop"], seconds=8)
    b.probe("it is gone, and still described", "ecs", "describe_services", cluster=CLUSTER, services=["battery-shop"],
            fields={"services[0].status": "INACTIVE", "services[0].runningCount": 0}, source=API + "DeleteService")
    b.probe("it is in no list", "ecs", "list_services", cluster=CLUSTER, fields={f"contains(serviceArns, '{ARN}service/{CLUSTER}/battery-shop')": False},
            source=API + "DeleteService: no longer visible in ListServices")
    b.probe("an update of what is gone", "ecs", "update_service", desiredCount=1, **shop, refused=("ServiceNotActiveException", "ServiceNotFoundException"),
            source=API + "UpdateService, Errors")
    b.probe("delete it again", "ecs", "delete_service", force=True, **shop, refused=("ServiceNotFoundException", "ServiceNotActiveException"),
            source=API + "DeleteService, Errors")
    b.probe("delete nothing", "ecs", "delete_service", cluster=CLUSTER, service="battery-none", refused="ServiceNotFoundException", source=API + "DeleteService, Errors")
