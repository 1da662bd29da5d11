# SPDX-License-Identifier: MIT OR Apache-2.0
"""Elastic Container Service: clusters, task definitions, and their tags."""

from battery import PRESENT

API = "Amazon ECS API Reference, "
GUIDE = "Amazon ECS Developer Guide, "
CLIENT = "ClientException"
INVALID = "InvalidParameterException"
# Where the API reference lists both codes, and does not say which is for what.
EITHER = (CLIENT, INVALID)
ARN = "arn:aws:ecs:us-east-1:123456789012:"
ROLE = "arn:aws:iam::123456789012:role/battery-execution"


def probes(b):
    clusters(b)
    capacity(b)
    tags(b)
    definitions(b)
    containers(b)
    fargate(b)
    lists(b)


def clusters(b):
    name = "battery-main"
    insights = [{"name": "containerInsights", "value": "enabled"}]
    b.probe("create a cluster", "ecs", "create_cluster", clusterName=name, settings=insights, tags=[{"key": "a", "value": "1"}],
            configuration={"executeCommandConfiguration": {"logging": "DEFAULT"}},
            fields={"cluster.clusterArn": ARN + "cluster/" + name, "cluster.clusterName": name, "cluster.status": "ACTIVE"}, source=API + "CreateCluster")
    b.probe("create it again", "ecs", "create_cluster", clusterName=name, tags=[{"key": "a", "value": "2"}], fields={"cluster.clusterArn": ARN + "cluster/" + name}, source=API + "CreateCluster, Errors: there is none for it")
    b.probe("the first tags hold", "ecs", "describe_clusters", clusters=[name], include=["TAGS"], fields={"clusters[0].tags": [{"key": "a", "value": "1"}]}, source=API + "CreateCluster")
    b.probe("a name with a space", "ecs", "create_cluster", clusterName="battery main", refused=EITHER, source=API + "CreateCluster, clusterName")
    b.probe("a setting that is none", "ecs", "create_cluster", clusterName="battery-x", settings=[{"name": "containerInsights", "value": "on"}], refused=EITHER, source=API + "ClusterSetting, value")
    b.call("ecs", "delete_cluster", cluster="battery-x")
    b.probe("what is told unasked", "ecs", "describe_clusters", clusters=[name],
            fields={"clusters[0].status": "ACTIVE", "clusters[0].runningTasksCount": 0, "clusters[0].pendingTasksCount": 0, "clusters[0].activeServicesCount": 0,
                    "clusters[0].registeredContainerInstancesCount": 0, "clusters[0].tags || `[]`": [], "clusters[0].settings || `[]`": [], "clusters[0].configuration": None},
            source=API + "DescribeClusters, include")
    b.probe("what is told when asked", "ecs", "describe_clusters", clusters=[ARN + "cluster/" + name], include=["TAGS", "SETTINGS", "CONFIGURATIONS"],
            fields={"clusters[0].tags": [{"key": "a", "value": "1"}], "clusters[0].settings": insights, "clusters[0].configuration.executeCommandConfiguration.logging": "DEFAULT"},
            source=API + "DescribeClusters, include")
    b.probe("statistics", "ecs", "describe_clusters", clusters=[name], include=["STATISTICS"], fields={"clusters[0].statistics[?name=='runningFargateTasksCount'].value": ["0"]}, source=API + "Cluster, statistics")
    b.probe("one that is not there", "ecs", "describe_clusters", clusters=["battery-none"], fields={"clusters": [], "failures[0].reason": "MISSING", "failures[0].arn": ARN + "cluster/battery-none"}, source=GUIDE + "API failure reasons")
    b.probe("more than a call takes", "ecs", "describe_clusters", clusters=[name] * 101, refused=EITHER, source=API + "DescribeClusters, clusters")
    b.probe("change a setting", "ecs", "update_cluster", cluster=name, settings=[{"name": "containerInsights", "value": "enhanced"}],
            fields={"cluster.settings": [{"name": "containerInsights", "value": "enhanced"}]}, source=API + "UpdateCluster")
    b.probe("change it the other way", "ecs", "update_cluster_settings", cluster=name, settings=[{"name": "containerInsights", "value": "disabled"}],
            fields={"cluster.settings": [{"name": "containerInsights", "value": "disabled"}]}, source=API + "UpdateClusterSettings")
    b.probe("change nothing that is there", "ecs", "update_cluster", cluster="battery-none", settings=insights, refused="ClusterNotFoundException", source=API + "UpdateCluster, Errors")
    b.call("ecs", "create_cluster", clusterName="battery-other")
    b.probe("a page of one", "ecs", "list_clusters", maxResults=1, fields={"length(clusterArns || `[]`)": 1, "nextToken": PRESENT}, source=API + "ListClusters, maxResults")
    b.probe("a page too long", "ecs", "list_clusters", maxResults=101, refused=EITHER, source=API + "ListClusters, maxResults")
    b.call("ecs", "delete_cluster", cluster="battery-other")
    b.probe("delete", "ecs", "delete_cluster", cluster=name, fields={"cluster.status": "INACTIVE"}, source=API + "DeleteCluster")
    b.probe("delete it again", "ecs", "delete_cluster", cluster=name, refused="ClusterNotFoundException", source=API + "DeleteCluster, Errors")
    b.probe("deleted ones are not listed", "ecs", "list_clusters", fields={f"contains(clusterArns || `[]`, '{ARN}cluster/{name}')": False}, source=API + "ListClusters: existing clusters")
    b.probe("create it once more", "ecs", "create_cluster", clusterName=name, fields={"cluster.status": "ACTIVE"}, source=API + "DeleteCluster")
    b.probe("its tags went with it", "ecs", "list_tags_for_resource", resourceArn=ARN + "cluster/" + name, fields={"tags || `[]`": []}, source=API + "TagResource: tags are deleted as well")
    b.call("ecs", "delete_cluster", cluster=name)
    b.probe("delete nothing", "ecs", "delete_cluster", cluster="battery-none", refused="ClusterNotFoundException", source=API + "DeleteCluster, Errors")


def capacity(b):
    name = "battery-capacity"
    both = ["FARGATE", "FARGATE_SPOT"]
    b.call("ecs", "create_cluster", clusterName=name)

    def put(strategy, providers=both):
        return {"cluster": name, "capacityProviders": providers, "defaultCapacityProviderStrategy": strategy}

    strategy = [{"capacityProvider": "FARGATE", "weight": 1, "base": 1}, {"capacityProvider": "FARGATE_SPOT", "weight": 4, "base": 0}]
    b.probe("put providers", "ecs", "put_cluster_capacity_providers", **put(strategy),
            fields={"sort(cluster.capacityProviders || `[]`)": both, "cluster.defaultCapacityProviderStrategy[?capacityProvider=='FARGATE_SPOT'].weight": [4]}, source=API + "PutClusterCapacityProviders")
    b.probe("a provider that is not", "ecs", "put_cluster_capacity_providers", **put([], ["battery-none"]), refused=EITHER, source=API + "PutClusterCapacityProviders, capacityProviders")
    b.probe("a strategy with another provider", "ecs", "put_cluster_capacity_providers", **put([{"capacityProvider": "FARGATE_SPOT", "weight": 1}], ["FARGATE"]), refused=EITHER,
            source=API + "PutClusterCapacityProviders, defaultCapacityProviderStrategy")
    b.probe("two bases", "ecs", "put_cluster_capacity_providers", **put([{"capacityProvider": it, "base": 1, "weight": 1} for it in both]), refused=EITHER, source=API + "CapacityProviderStrategyItem, base")
    b.probe("a weight too heavy", "ecs", "put_cluster_capacity_providers", **put([{"capacityProvider": "FARGATE", "weight": 1001}]), refused=EITHER, source=API + "CapacityProviderStrategyItem, weight")
    b.call("ecs", "put_cluster_capacity_providers", **put(strategy))
    b.probe("what is left out goes", "ecs", "put_cluster_capacity_providers", **put([], []), fields={"cluster.capacityProviders": [], "cluster.defaultCapacityProviderStrategy": []}, source=API + "PutClusterCapacityProviders")
    b.probe("providers of nothing", "ecs", "put_cluster_capacity_providers", **{**put([]), "cluster": "battery-none"}, refused="ClusterNotFoundException", source=API + "PutClusterCapacityProviders, Errors")
    b.call("ecs", "delete_cluster", cluster=name)


def tags(b):
    name = "battery-tags"
    b.call("ecs", "create_cluster", clusterName=name, tags=[{"key": "a", "value": "1"}])
    made = b.call("ecs", "register_task_definition", family=name, containerDefinitions=[{"name": "web", "image": "nginx", "memory": 64}], tags=[{"key": "a", "value": "1"}])
    for sort, arn in [("a cluster", ARN + "cluster/" + name), ("a task definition", made.get("taskDefinition", {}).get("taskDefinitionArn", ARN + "task-definition/none:1"))]:
        b.probe(f"tag {sort}", "ecs", "tag_resource", resourceArn=arn, tags=[{"key": "a", "value": "2"}, {"key": "b", "value": "3"}], source=API + "TagResource")
        b.probe(f"untag {sort}", "ecs", "untag_resource", resourceArn=arn, tagKeys=["a", "none"], source=API + "UntagResource")
        b.probe(f"the tags of {sort}", "ecs", "list_tags_for_resource", resourceArn=arn, fields={"tags": [{"key": "b", "value": "3"}]}, source=API + "ListTagsForResource")
    b.probe("a reserved tag", "ecs", "tag_resource", resourceArn=ARN + "cluster/" + name, tags=[{"key": "aws:a", "value": "1"}], refused=EITHER, source=API + "TagResource, tags")
    b.probe("a tag without a name", "ecs", "tag_resource", resourceArn=ARN + "cluster/" + name, tags=[{"key": "", "value": "1"}], refused=EITHER, source=API + "Tag, key")
    b.probe("tags of no cluster", "ecs", "list_tags_for_resource", resourceArn=ARN + "cluster/battery-none", refused=("ClusterNotFoundException", INVALID), source=API + "ListTagsForResource, Errors")
    b.probe("tags of no ARN", "ecs", "list_tags_for_resource", resourceArn="battery-none", refused=EITHER, source=API + "ListTagsForResource, Errors")
    b.call("ecs", "delete_cluster", cluster=name)
    drop(b, name + ":1")


def drop(b, *names):
    for name in names:
        b.call("ecs", "deregister_task_definition", taskDefinition=name)
    b.call("ecs", "delete_task_definitions", taskDefinitions=list(names))


def task(more=None, **container):
    """A task definition for Fargate."""
    base = {"family": "battery-web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "web", "image": "nginx", **container}]}
    return {key: value for key, value in {**base, **(more or {})}.items() if value is not None}


def instance_task(more=None, **container):
    """A task definition for container instances."""
    return task({"networkMode": None, "requiresCompatibilities": None, "cpu": None, "memory": None, **(more or {})}, **{"memory": 64, **container})


def refuses(b, name, definition, source, refused=EITHER):
    answer = b.probe(name, "ecs", "register_task_definition", **definition, refused=refused, source=source)
    arn = answer.get("taskDefinition", {}).get("taskDefinitionArn")
    if arn:
        drop(b, arn)


def definitions(b):
    family = "battery-full"
    logs = {"logDriver": "awslogs", "options": {"awslogs-group": "/g", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"}}
    full = task(
        {"family": family, "cpu": ".25 vCPU", "memory": "0.5 GB", "executionRoleArn": ROLE, "taskRoleArn": ROLE, "volumes": [{"name": "scratch"}],
         "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}, "ephemeralStorage": {"sizeInGiB": 30}, "tags": [{"key": "a", "value": "1"}]},
        portMappings=[{"containerPort": 80, "name": "http"}], environment=[{"name": "A", "value": "b"}], secrets=[{"name": "S", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/s"}],
        logConfiguration=logs, healthCheck={"command": ["CMD-SHELL", "true"]}, mountPoints=[{"sourceVolume": "scratch", "containerPath": "/tmp"}],
        linuxParameters={"initProcessEnabled": True}, stopTimeout=60, readonlyRootFilesystem=True, ulimits=[{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}])
    definition = "taskDefinition."
    container = definition + "containerDefinitions[0]."
    b.probe("register", "ecs", "register_task_definition", **full, source=API + "RegisterTaskDefinition; TaskDefinition",
            fields={definition + "taskDefinitionArn": f"{ARN}task-definition/{family}:1", definition + "revision": 1, definition + "status": "ACTIVE", definition + "family": family,
                    definition + "registeredAt": PRESENT, f"contains({definition}compatibilities || `[]`, 'FARGATE')": True, definition + "requiresCompatibilities": ["FARGATE"]})
    b.probe("sizes become numbers", "ecs", "describe_task_definition", taskDefinition=family, fields={definition + "cpu": "256", definition + "memory": "512"}, source=API + "RegisterTaskDefinition, cpu and memory")
    b.probe("what is kept of the task", "ecs", "describe_task_definition", taskDefinition=f"{family}:1", source=API + "TaskDefinition",
            fields={definition + "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}, definition + "ephemeralStorage.sizeInGiB": 30,
                    definition + "executionRoleArn": ROLE, definition + "volumes[].name": ["scratch"]})
    b.probe("what is kept of the container", "ecs", "describe_task_definition", taskDefinition=f"{family}:1", source=API + "ContainerDefinition",
            fields={container + "logConfiguration.options.\"awslogs-group\"": "/g", container + "secrets[0].name": "S", container + "mountPoints[0].containerPath": "/tmp",
                    container + "linuxParameters.initProcessEnabled": True, container + "stopTimeout": 60, container + "readonlyRootFilesystem": True, container + "ulimits[0].hardLimit": 4096})
    b.probe("what is filled in of ports", "ecs", "describe_task_definition", taskDefinition=family, fields={container + "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp", "name": "http"}]}, source=API + "PortMapping, hostPort and protocol")
    b.probe("what is filled in of health checks", "ecs", "describe_task_definition", taskDefinition=family,
            fields={container + "healthCheck.interval": 30, container + "healthCheck.timeout": 5, container + "healthCheck.retries": 3}, source=API + "HealthCheck")
    b.probe("what is filled in of containers", "ecs", "describe_task_definition", taskDefinition=family, fields={container + "essential": True, container + "cpu": 0}, source=API + "ContainerDefinition, essential")
    b.probe("tags unasked", "ecs", "describe_task_definition", taskDefinition=family, fields={"tags || `[]`": []}, source=API + "DescribeTaskDefinition, include")
    b.probe("tags asked for", "ecs", "describe_task_definition", taskDefinition=family, include=["TAGS"], fields={"tags": [{"key": "a", "value": "1"}]}, source=API + "DescribeTaskDefinition, include")
    b.probe("the same again is another revision", "ecs", "register_task_definition", **full, fields={definition + "revision": 2}, source=API + "TaskDefinition, revision")
    b.probe("a family is its latest revision", "ecs", "describe_task_definition", taskDefinition=family, fields={definition + "revision": 2}, source=API + "DescribeTaskDefinition, taskDefinition")
    b.probe("no family", "ecs", "describe_task_definition", taskDefinition="battery-none", refused=CLIENT, source=API + "DescribeTaskDefinition, Errors")
    b.probe("no such revision", "ecs", "describe_task_definition", taskDefinition=f"{family}:9", refused=CLIENT, source=API + "DescribeTaskDefinition, Errors")
    lifecycle(b, family, definition)


def lifecycle(b, family, definition):
    b.probe("delete what is active", "ecs", "delete_task_definitions", taskDefinitions=[f"{family}:2"], fields={"taskDefinitions": [], "failures[0].reason": PRESENT}, source=API + "DeleteTaskDefinitions")
    b.probe("deregister", "ecs", "deregister_task_definition", taskDefinition=f"{family}:2", fields={definition + "status": "INACTIVE", definition + "deregisteredAt": PRESENT}, source=API + "DeregisterTaskDefinition")
    b.probe("deregister a family", "ecs", "deregister_task_definition", taskDefinition=family, refused=EITHER, source=API + "DeregisterTaskDefinition, taskDefinition: a revision must be specified")
    b.probe("deregister nothing", "ecs", "deregister_task_definition", taskDefinition="battery-none:1", refused=EITHER, source=API + "DeregisterTaskDefinition, Errors")
    b.probe("the latest active one is another", "ecs", "describe_task_definition", taskDefinition=family, fields={definition + "revision": 1}, source=API + "DescribeTaskDefinition, taskDefinition")
    b.probe("delete", "ecs", "delete_task_definitions", taskDefinitions=[f"{family}:2"], fields={"taskDefinitions[0].status": "DELETE_IN_PROGRESS", "failures": []}, source=API + "DeleteTaskDefinitions")
    b.probe("delete nothing", "ecs", "delete_task_definitions", taskDefinitions=["battery-none:1"], fields={"taskDefinitions": [], "length(failures || `[]`)": 1}, source=API + "DeleteTaskDefinitions, failures")
    b.probe("delete a family", "ecs", "delete_task_definitions", taskDefinitions=[family], refused=EITHER, source=API + "DeleteTaskDefinitions, taskDefinitions: a revision must be specified")
    b.probe("delete more than a call takes", "ecs", "delete_task_definitions", taskDefinitions=[f"{family}:{n}" for n in range(11, 22)], refused=EITHER, source=API + "DeleteTaskDefinitions, taskDefinitions")
    b.probe("numbers do not come again", "ecs", "register_task_definition", **task({"family": family}), fields={definition + "revision": 3}, source=API + "DeleteTaskDefinitions: the revision is incremented")
    drop(b, f"{family}:1", f"{family}:3")


def containers(b):
    register = API + "RegisterTaskDefinition, "
    container = API + "ContainerDefinition, "
    b.probe("bridged ports are found by ECS", "ecs", "register_task_definition", **instance_task({"family": "battery-bridge"}, portMappings=[{"containerPort": 80}, {"containerPort": 81, "hostPort": 8081}]),
            fields={"taskDefinition.containerDefinitions[0].portMappings[].not_null(hostPort, `0`)": [0, 8081]}, source=API + "PortMapping, hostPort")
    drop(b, "battery-bridge:1")
    refuses(b, "a family with a space", instance_task({"family": "a b"}), register + "family")
    refuses(b, "no containers", instance_task({"containerDefinitions": []}), register + "containerDefinitions")
    twice = {"containerDefinitions": [{"name": "web", "image": "nginx", "memory": 64}] * 2}
    refuses(b, "a name twice", instance_task(twice), container + "name")
    refuses(b, "a container's name with a space", instance_task(name="a b"), container + "name")
    refuses(b, "no image", instance_task(image=""), GUIDE + "Task definition parameters, image")
    refuses(b, "nothing essential", instance_task(essential=False), container + "essential")
    refuses(b, "no memory anywhere", instance_task({"containerDefinitions": [{"name": "web", "image": "nginx"}]}), container + "memory")
    refuses(b, "less memory than is reserved", instance_task(memoryReservation=128), container + "memory")
    refuses(b, "more memory than the task", instance_task({"memory": "32"}), container + "memory")
    refuses(b, "more processors than the task", instance_task({"cpu": "256"}, cpu=512), container + "cpu")
    refuses(b, "a dependency on nothing", instance_task(dependsOn=[{"containerName": "none", "condition": "START"}]), API + "ContainerDependency, containerName")
    refuses(b, "a dependency on itself", instance_task(dependsOn=[{"containerName": "web", "condition": "START"}]), API + "ContainerDependency")
    pair = [{"name": "web", "image": "nginx", "memory": 64, "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]}, {"name": "db", "image": "nginx", "memory": 64}]
    refuses(b, "health of what has no check", instance_task({"containerDefinitions": pair}), API + "ContainerDependency, condition: HEALTHY")
    pair = [{**pair[0], "dependsOn": [{"containerName": "db", "condition": "SUCCESS"}]}, pair[1]]
    refuses(b, "success of what is essential", instance_task({"containerDefinitions": pair}), API + "ContainerDependency, condition: SUCCESS")
    refuses(b, "a mount of nothing", instance_task(mountPoints=[{"sourceVolume": "none", "containerPath": "/x"}]), API + "MountPoint, sourceVolume")
    refuses(b, "a check too often", instance_task(healthCheck={"command": ["CMD", "true"], "interval": 1}), API + "HealthCheck, interval")
    refuses(b, "a check of no sort", instance_task(healthCheck={"command": ["true"]}), API + "HealthCheck, command")
    refuses(b, "secrets without a role", instance_task(secrets=[{"name": "S", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/s"}]), container + "secrets; " + GUIDE + "Task execution IAM role")
    refuses(b, "logs without a group", instance_task(logConfiguration={"logDriver": "awslogs", "options": {"awslogs-region": "us-east-1"}}), API + "LogConfiguration, options")
    refuses(b, "a log driver that is none", instance_task(logConfiguration={"logDriver": "parchment"}), API + "LogConfiguration, logDriver")
    refuses(b, "a network mode that is none", instance_task({"networkMode": "carrier"}), register + "networkMode")
    refuses(b, "ports without a network", instance_task({"networkMode": "none"}, portMappings=[{"containerPort": 80}]), register + "networkMode: none")
    refuses(b, "another port on the host's network", instance_task({"networkMode": "host"}, portMappings=[{"containerPort": 80, "hostPort": 81}]), API + "PortMapping, hostPort")
    refuses(b, "a link on a network of its own", instance_task({"networkMode": "awsvpc"}, links=["web"]), container + "links")
    refuses(b, "a number that must be a text", instance_task(environment=[{"name": "A", "value": 1}]), API + "KeyValuePair, value", refused=("SerializationException", *EITHER))


def fargate(b):
    size = GUIDE + "Task size"
    refuses(b, "memory that does not go with the processor", task({"memory": "4096"}), size)
    refuses(b, "a processor that is none", task({"cpu": "300"}), size)
    refuses(b, "no processor", task({"cpu": None}), size)
    refuses(b, "no memory", task({"memory": None}), size)
    b.probe("the largest there is", "ecs", "register_task_definition", **task({"family": "battery-large", "cpu": "16 vCPU", "memory": "120 GB"}),
            fields={"taskDefinition.cpu": "16384", "taskDefinition.memory": "122880"}, source=size)
    drop(b, "battery-large:1")
    refuses(b, "another network mode", task({"networkMode": "bridge"}), API + "RegisterTaskDefinition, networkMode")
    refuses(b, "no network mode", task({"networkMode": None}), API + "RegisterTaskDefinition, networkMode")
    refuses(b, "another port", task(portMappings=[{"containerPort": 80, "hostPort": 8080}]), API + "PortMapping, hostPort")
    refuses(b, "images of ECR without a role", task(image="123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1"), GUIDE + "Task execution IAM role")
    logs = {"logDriver": "awslogs", "options": {"awslogs-group": "/g", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"}}
    refuses(b, "logs without a role", task(logConfiguration=logs), GUIDE + "Task execution IAM role")
    refuses(b, "logs to a file", task(logConfiguration={"logDriver": "json-file"}), API + "LogConfiguration, logDriver")
    refuses(b, "privileges", task(privileged=True), API + "ContainerDefinition, privileged")
    refuses(b, "shared memory", task(linuxParameters={"sharedMemorySize": 64}), API + "LinuxParameters, sharedMemorySize")
    refuses(b, "other capabilities", task(linuxParameters={"capabilities": {"add": ["NET_ADMIN"]}}), API + "KernelCapabilities, add")
    refuses(b, "a path of the host", task({"volumes": [{"name": "v", "host": {"sourcePath": "/x"}}]}), API + "TaskDefinition, volumes")
    refuses(b, "less storage than there is", task({"ephemeralStorage": {"sizeInGiB": 20}}), API + "EphemeralStorage, sizeInGiB")
    refuses(b, "minutes to stop", task(stopTimeout=121), API + "ContainerDefinition, stopTimeout")
    refuses(b, "placement", task({"placementConstraints": [{"type": "memberOf", "expression": "attribute:x == y"}]}), API + "TaskDefinition, placementConstraints")


def lists(b):
    for family in ["battery-list", "battery-list", "battery-list", "battery-list-2"]:
        b.call("ecs", "register_task_definition", **instance_task({"family": family}))
    arns = [f"{ARN}task-definition/battery-list:{n}" for n in (1, 2, 3)]
    b.probe("the revisions of a family", "ecs", "list_task_definitions", familyPrefix="battery-list", fields={"taskDefinitionArns": arns}, source=API + "ListTaskDefinitions, familyPrefix: the full family name")
    page = b.probe("the latest first", "ecs", "list_task_definitions", familyPrefix="battery-list", sort="DESC", maxResults=2, fields={"taskDefinitionArns": arns[:0:-1], "nextToken": PRESENT}, source=API + "ListTaskDefinitions, sort")
    b.probe("and then the rest", "ecs", "list_task_definitions", familyPrefix="battery-list", sort="DESC", maxResults=2, nextToken=page.get("nextToken", "none"), fields={"taskDefinitionArns": arns[:1], "nextToken": None},
            source=API + "ListTaskDefinitions, nextToken")
    b.probe("a page too long", "ecs", "list_task_definitions", maxResults=101, refused=EITHER, source=API + "ListTaskDefinitions, maxResults")
    b.probe("an order that is none", "ecs", "list_task_definitions", sort="UP", refused=EITHER, source=API + "ListTaskDefinitions, sort")
    b.probe("families by prefix", "ecs", "list_task_definition_families", familyPrefix="battery-li", fields={"families": ["battery-list", "battery-list-2"]}, source=API + "ListTaskDefinitionFamilies, familyPrefix")
    b.call("ecs", "deregister_task_definition", taskDefinition="battery-list-2:1")
    b.probe("active families", "ecs", "list_task_definition_families", familyPrefix="battery-list", status="ACTIVE", fields={"families": ["battery-list"]}, source=API + "ListTaskDefinitionFamilies, status")
    b.probe("inactive families", "ecs", "list_task_definition_families", familyPrefix="battery-list", status="INACTIVE", fields={"families": ["battery-list-2"]}, source=API + "ListTaskDefinitionFamilies, status")
    b.probe("inactive revisions", "ecs", "list_task_definitions", familyPrefix="battery-list-2", status="INACTIVE", fields={"taskDefinitionArns": [f"{ARN}task-definition/battery-list-2:1"]}, source=API + "ListTaskDefinitions, status")
    b.probe("which are not listed unasked", "ecs", "list_task_definitions", familyPrefix="battery-list-2", fields={"taskDefinitionArns": []}, source=API + "ListTaskDefinitions, status")
    drop(b, *(f"battery-list:{n}" for n in (1, 2, 3)), "battery-list-2:1")
