# SPDX-License-Identifier: MIT OR Apache-2.0
"""ECS as moto_server.py promises it: services that live, fail, roll back and drain, one step for each poll."""

import inspect
import os
import random
from datetime import datetime, timezone

from botocore import xform_name
from moto.core.responses import ActionResult
from moto.ecs.exceptions import ECSException, EcsClientException, InvalidParameterException, ServiceNotFoundException
from moto.ecs.models import EC2ContainerServiceBackend as Ecs
from moto.ecs.models import TaskDefinition
from moto.ecs.responses import EC2ContainerServiceResponse as EcsApi
from moto.elbv2.models import elbv2_backends

from patching import patch

FAIL_MARKER = os.environ.get("EMULATOR_FAIL_MARKER", "broken")
NO_IMAGE_MARKER = os.environ.get("EMULATOR_NO_IMAGE_MARKER", "no-such-image")
# How many times a poll still sees the old status before the next one sees the new.
POLLS = int(os.environ.get("EMULATOR_POLLS", "1"))


def now():
    return datetime.now(timezone.utc)


# Members of CreateService and UpdateService that moto drops.
KEPT = (
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
)
# Members whose change starts a new deployment; forceNewDeployment and taskDefinition do as well.
REDEPLOYING = ("networkConfiguration", "platformVersion", "loadBalancers", "serviceRegistries")


def refused(code, message):
    # Not classes of our own: moto finds the service of an error by the module its class is in.
    return ECSException(code, message)


def event(service, message):
    entry = {"id": f"{random.getrandbits(64):016x}", "createdAt": now(), "message": f"(service {service.name}) {message}"}
    service.events = [entry, *service.events][:100]


def breaker(service):
    return (getattr(service, "deployment_configuration", None) or {}).get("deploymentCircuitBreaker") or {}


def failure(service, task_definition_arn):
    """Why tasks of this task definition do not stay up: (stopCode, stoppedReason, exit code), or None if they do."""
    definition = service._backend.describe_task_definition(task_definition_arn)
    images = [container.get("image", "") for container in definition.container_definitions]
    if any(NO_IMAGE_MARKER in image for image in images):
        image = next(image for image in images if NO_IMAGE_MARKER in image)
        reason = f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: not found"
        return "TaskFailedToStart", reason, None
    if FAIL_MARKER in definition.family or any(FAIL_MARKER in image for image in images):
        return "EssentialContainerExited", "Essential container in task exited", 1
    return None


def new_task(service, deployment, failed=None):
    """One task of a service, in the shape of DescribeTasks. Service tasks are data only: nothing runs."""
    backend = service._backend
    definition = backend.describe_task_definition(deployment["taskDefinition"])
    task_id = f"{random.getrandbits(128):032x}"
    address = f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"
    arn = f"arn:aws:ecs:{service.region_name}:{service._account_id}:task/{service.cluster_name}/{task_id}"
    subnet = (service.network_configuration or {}).get("awsvpcConfiguration", {}).get("subnets", [""])[0]
    status = "STOPPED" if failed else "RUNNING"
    code, reason, exit_code = failed or (None, None, None)
    containers = []
    for container in definition.container_definitions:
        entry = {
            "containerArn": arn.replace(":task/", ":container/") + f"/{container['name']}",
            "taskArn": arn,
            "name": container["name"],
            "image": container.get("image"),
            "lastStatus": status,
            "healthStatus": "HEALTHY" if not failed and container.get("healthCheck") else "UNKNOWN",
        }
        if exit_code is not None:
            entry["exitCode"] = exit_code
        elif failed:
            entry["reason"] = reason
        containers.append(entry)
    task = {
        "taskArn": arn,
        "clusterArn": service.cluster_arn,
        "taskDefinitionArn": definition.arn,
        "group": f"service:{service.name}",
        "startedBy": deployment["id"],
        "launchType": service.launch_type,
        "cpu": definition.cpu,
        "memory": definition.memory,
        "lastStatus": status,
        "desiredStatus": status,
        "healthStatus": "UNKNOWN",
        "createdAt": now(),
        "containers": containers,
        "tags": service.tags if service.propagate_tags == "SERVICE" else [],
        "attachments": [
            {
                "id": f"{random.getrandbits(128):032x}",
                "type": "ElasticNetworkInterface",
                "status": "DELETED" if failed else "ATTACHED",
                "details": [{"name": "subnetId", "value": subnet}, {"name": "privateIPv4Address", "value": address}],
            }
        ],
        "address": address,  # ours, for the target group; not a member of the API, so never sent
    }
    if failed:
        task.update(stopCode=code, stoppedReason=reason, stoppedAt=now())
    else:
        task["startedAt"] = now()
    return task


def stop_task(service, task, reason):
    task.update(lastStatus="STOPPED", desiredStatus="STOPPED", stopCode="ServiceSchedulerInitiated")
    task.update(stoppedReason=reason, stoppedAt=now())
    for container in task["containers"]:
        container["lastStatus"] = "STOPPED"
    for target_group, _ in targets(service):
        target_group.targets.pop(task["address"], None)


def targets(service):
    """The target groups a service keeps filled, with the container port of each."""
    groups = elbv2_backends[service._account_id][service.region_name].target_groups
    for balancer in service.load_balancers or []:
        if group := groups.get(balancer.get("targetGroupArn")):
            yield group, balancer.get("containerPort")


def running(service):
    return [task for task in service.live_tasks if task["lastStatus"] == "RUNNING"]


def fill(service, deployment):
    """Makes the running tasks those the deployment wants, and the counts say so."""
    keep = [task for task in running(service) if task["startedBy"] == deployment["id"]][: service.desired_count]
    for task in running(service):
        if task not in keep:
            stop_task(service, task, "Scaling activity initiated by (deployment " + task["startedBy"] + ")")
    for _ in range(service.desired_count - len(keep)):
        task = new_task(service, deployment)
        service.live_tasks.append(task)
        for group, port in targets(service):
            group.register([{"Id": task["address"], "Port": port}])
    service.running_count, service.pending_count = service.desired_count, 0


def settle(service):
    """What waiting has brought about for an ACTIVE service."""
    primary = service.deployments[0]
    if primary["rolloutState"] == "FAILED":
        return
    failed = failure(service, primary["taskDefinition"]) if service.desired_count > 0 else None
    if failed is None:
        if primary["rolloutState"] != "COMPLETED" or service.running_count != service.desired_count:
            fill(service, primary)
            event(service, "has reached a steady state.")
        reason = f"ECS deployment {primary['id']} completed."
        primary.update(rolloutState="COMPLETED", rolloutStateReason=reason, updatedAt=now())
        primary.update(desiredCount=service.desired_count, runningCount=service.desired_count, pendingCount=0)
        service.deployments = [primary]
        service.completed = dict(primary)
        return
    service.live_tasks += [new_task(service, primary, failed) for _ in range(min(service.desired_count, 3))]
    primary.update(failedTasks=primary["failedTasks"] + min(service.desired_count, 3), updatedAt=now())
    event(service, f"(deployment {primary['id']}) has started 1 tasks which stopped: {failed[1]}")
    if not breaker(service).get("enable"):
        return  # as on AWS: without the circuit breaker a bad deployment is tried for ever
    event(service, f"(deployment {primary['id']}) deployment failed: tasks failed to start.")
    reason = "ECS deployment circuit breaker: tasks failed to start."
    primary.update(rolloutState="FAILED", rolloutStateReason=reason, desiredCount=0, runningCount=0, pendingCount=0)
    if breaker(service).get("rollback") and service.completed is not None:
        # The deployment that worked becomes PRIMARY again under its own id; the failed one is listed after it.
        back = dict(service.completed)
        reason = f"ECS deployment circuit breaker: rolling back to deploymentId {back['id']}."
        back.update(status="PRIMARY", rolloutState="IN_PROGRESS", rolloutStateReason=reason, updatedAt=now())
        event(service, f"rolling back to deployment {back['id']}.")
        primary["status"] = "ACTIVE"
        service.deployments = [back, primary]
        service.task_definition = back["taskDefinition"]
        service.polls = 0


def step(service):
    """One poll: the status changes once POLLS polls have seen it as it was."""
    if service.polls >= POLLS:
        if service.status == "DRAINING":
            for task in running(service):
                stop_task(service, task, "Scaling activity initiated by (service deletion)")
            service.status = "INACTIVE"
            service.running_count = service.pending_count = 0
            service.deployments = []
        elif service.status == "ACTIVE" and service.deployments:
            settle(service)
    service.polls += 1


def drain(backend):
    """Time passes for services under deletion also while a caller retries something that they block."""
    for service in backend.services.values():
        if service.status == "DRAINING":
            step(service)


def keep(api, service):
    for member in KEPT:
        value = api._get_param(member)
        if value is not None:
            setattr(service, xform_name(member), value)
    # deploymentConfiguration is merged at its top level: what an update leaves out stays.
    sent = api._get_param("deploymentConfiguration") or {}
    configuration = {**getattr(service, "deployment_configuration_kept", {}), **sent}
    service.deployment_configuration = service.deployment_configuration_kept = configuration
    if service.deployments:
        strategy = getattr(service, "capacity_provider_strategy", None)
        if strategy and service.deployments[0]["rolloutState"] != "COMPLETED":
            service.deployments[0]["capacityProviderStrategy"] = strategy


def check_service(api):
    """The refusals of CreateService and UpdateService that catch a wrong order of calls."""
    backend = api.ecs_backend
    definition = None
    if name := api._get_param("taskDefinition"):
        definition = backend.describe_task_definition(name)
        if definition.status != "ACTIVE":
            raise EcsClientException("TaskDefinition is inactive")
    elb = elbv2_backends[backend.account_id][backend.region_name]
    for balancer in api._get_param("loadBalancers") or []:
        arn = balancer.get("targetGroupArn")
        if arn and arn not in elb.target_groups:
            raise InvalidParameterException(f"Unable to describe target group {arn}: One or more target groups not found")
        if arn and not elb._any_listener_using(arn):
            raise InvalidParameterException(f"The target group with targetGroupArn {arn} does not have an associated load balancer.")
        names = [container["name"] for container in definition.container_definitions] if definition else None
        if names is not None and balancer.get("containerName") not in names:
            raise InvalidParameterException(f"The container {balancer.get('containerName')} does not exist in the task definition.")
    network = api._get_param("networkConfiguration")
    if network:
        network["awsvpcConfiguration"].setdefault("securityGroups", [])  # moto fails without; AWS takes the default group
    return definition


@patch(TaskDefinition, "__init__")
def define(original, self, *arguments, **members):
    """moto takes what is EXTERNAL for Fargate, and gives it awsvpc whatever was asked for."""
    original(self, *arguments, **members)
    launch = members.get("requires_compatibilities") or []
    if launch and "FARGATE" not in launch:
        self.compatibilities = list(launch)
        self.network_mode = members.get("network_mode") or "bridge"


@patch(Ecs, "create_service")
def create_anywhere(original, self, *arguments, **members):
    """moto refuses EXTERNAL for services, though it takes it for tasks."""
    call = inspect.signature(original).bind(self, *arguments, **members)
    external = call.arguments.get("launch_type") == "EXTERNAL"
    if external:
        call.arguments["launch_type"] = "EC2"
    service = original(*call.args, **call.kwargs)
    if external:
        service.launch_type = "EXTERNAL"
        for deployment in service.deployments:
            deployment["launchType"] = "EXTERNAL"
    return service


@patch(EcsApi)
def create_service(original, self):
    backend, cluster_name = self.ecs_backend, self._get_param("cluster", "default")
    cluster, name = backend._get_cluster(cluster_name), self._get_param("serviceName")
    if cluster.status != "ACTIVE":
        raise EcsClientException("The referenced cluster was inactive.")
    strategy = self._get_param("capacityProviderStrategy")
    if strategy and self._get_param("launchType"):
        raise InvalidParameterException("Specify either Launch Type or Capacity Provider Strategy, but not both.")
    parameters = {key: value for key, value in self._get_params().items() if key != "clientToken"}
    token = self._get_param("clientToken")
    old = backend.services.get(f"{cluster.name}:{name}")
    if old is not None and old.status == "DRAINING":
        raise InvalidParameterException("Unable to Start a service that is still Draining.")
    if old is not None and old.status == "ACTIVE":
        if token and token == old.client_token and parameters == old.parameters:
            return ActionResult({"service": old})
        raise InvalidParameterException("Creation of service was not idempotent.")
    definition = check_service(self)
    if definition is not None and definition.network_mode == "awsvpc" and not self._get_param("networkConfiguration"):
        raise InvalidParameterException("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    result = original(self)
    service = backend._get_service(cluster_name, name)
    service.client_token, service.parameters, service.created_at = token, parameters, now()
    service.polls, service.completed, service.live_tasks = 0, None, []
    if strategy:
        service.launch_type = None
        for deployment in service.deployments:
            deployment["launchType"] = None
    keep(self, service)
    return result


@patch(EcsApi)
def update_service(original, self):
    backend, cluster_name = self.ecs_backend, self._get_param("cluster", "default")
    service = backend._get_service(cluster_name, self._get_param("service").split("/")[-1])
    if service.status != "ACTIVE":
        raise refused("ServiceNotActiveException", "Service was not ACTIVE.")
    check_service(self)
    before = {member: getattr(service, xform_name(member)) for member in REDEPLOYING}
    running_before = service.running_count
    result = original(self)
    keep(self, service)
    service.running_count = running_before
    service.pending_count = max(0, service.desired_count - running_before)
    if name := self._get_param("taskDefinition"):
        service.task_definition = backend.describe_task_definition(name).arn
    if service.deployments:
        primary = service.deployments[0]
        changed = any(getattr(service, xform_name(member)) != value for member, value in before.items())
        if changed or self._get_param("forceNewDeployment") or primary["taskDefinition"] != service.task_definition:
            deployment_id = f"ecs-svc/{random.randrange(10**18, 10**19)}"
            replacement = {
                **primary,
                "id": deployment_id,
                "createdAt": now(),
                "taskDefinition": service.task_definition,
                "networkConfiguration": service.network_configuration,
                "runningCount": 0,
                "pendingCount": service.desired_count,
                "failedTasks": 0,
                "rolloutState": "IN_PROGRESS",
                "rolloutStateReason": f"ECS deployment {deployment_id} in progress.",
            }
            service.deployments = [replacement]
            if service.completed is not None:
                service.deployments.append({**service.completed, "status": "ACTIVE", "runningCount": running_before})
        service.deployments[0].update(desiredCount=service.desired_count, updatedAt=now())
        service.polls = 0
    return result


@patch(Ecs)
def delete_service(original, self, cluster_name, service_name, force):
    service = self._get_service(cluster_name, service_name.split("/")[-1])
    if service.status == "INACTIVE":
        raise ServiceNotFoundException()
    if service.status == "ACTIVE":
        service = original(self, cluster_name, service.name, force)
        service.status, service.desired_count, service.polls = "DRAINING", 0, 0
    return service


@patch(EcsApi)
def describe_services(original, self):
    names = self._get_param("services", [])
    if len(names) > 10:
        raise InvalidParameterException("Services cannot have more than 10 elements.")
    if not names:
        raise InvalidParameterException("Services cannot be empty.")
    # Stepped here and not in the backend, so that only a caller's own poll lets time pass.
    for service in self.ecs_backend.describe_services(self._get_param("cluster", "default"), names)[0]:
        step(service)
    return original(self)


@patch(Ecs)
def list_services(original, self, *args, **kwargs):
    active = {service.arn for service in self.services.values() if service.status == "ACTIVE"}
    return [arn for arn in original(self, *args, **kwargs) if arn in active]


@patch(Ecs)
def delete_cluster(original, self, cluster_name):
    cluster = self._get_cluster(cluster_name)
    statuses = {service.status for service in self.services.values() if service.cluster_name == cluster.name}
    if "ACTIVE" in statuses:
        raise refused("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
    if "DRAINING" in statuses:
        drain(self)
        raise refused("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    return original(self, cluster_name)


@patch(Ecs)
def create_cluster(original, self, cluster_name, *args, **kwargs):
    cluster = self.clusters.get(cluster_name)
    if cluster is not None and cluster.status == "ACTIVE":
        return cluster
    return original(self, cluster_name, *args, **kwargs)


@patch(EcsApi)
def describe_clusters(original, self):
    if len(self._get_param("clusters") or []) > 100:
        raise InvalidParameterException("Clusters cannot have more than 100 elements.")
    return original(self)


@patch(Ecs)
def register_task_definition(original, self, *args, **kwargs):
    definition = original(self, *args, **kwargs)
    definition.registered_at = now()
    definition.registered_by = f"arn:aws:iam::{self.account_id}:root"
    return definition


@patch(EcsApi)
def list_task_definitions(original, self):
    """moto knows no order; AWS sorts by family, then revision. familyPrefix is a whole name, in spite of its own."""
    definitions = [d for revisions in self.ecs_backend.task_definitions.values() for d in revisions.values()]
    prefix, status = self._get_param("familyPrefix"), self._get_param("status", "ACTIVE")
    found = [d for d in definitions if d.status == status and prefix in (None, d.family)]
    found.sort(key=lambda d: (d.family, d.revision), reverse=self._get_param("sort") == "DESC")
    return ActionResult({"taskDefinitionArns": [d.arn for d in found]})


@patch(EcsApi)
def delete_task_definitions(original, self):
    if len(self._get_param("taskDefinitions") or []) > 10:
        raise InvalidParameterException("Task definitions cannot have more than 10 elements.")
    return original(self)


def service_tasks(backend, cluster_name):
    cluster = backend._get_cluster(cluster_name)
    services = [service for service in backend.services.values() if service.cluster_name == cluster.name]
    return [(service, task) for service in services for task in service.live_tasks]


@patch(EcsApi)
def list_tasks(original, self):
    service_name, family = self._get_param("serviceName"), self._get_param("family")
    status, started_by = self._get_param("desiredStatus", "RUNNING"), self._get_param("startedBy")
    own = []
    for service, task in service_tasks(self.ecs_backend, self._get_param("cluster", "default")):
        definition = task["taskDefinitionArn"].split("/")[-1].split(":")[0]
        if (
            task["desiredStatus"] == status
            and (not service_name or service.name == service_name.split("/")[-1])
            and (not family or definition == family)
            and (not started_by or task["startedBy"] == started_by)
        ):
            own.append(task["taskArn"])
    # moto's own tasks were started by RunTask and belong to no service.
    others = [] if service_name else original(self).result["taskArns"]
    return ActionResult({"taskArns": own + others})


@patch(EcsApi)
def describe_tasks(original, self):
    wanted = self._get_param("tasks") or []
    if len(wanted) > 100:
        raise InvalidParameterException("Tasks cannot have more than 100 elements.")
    cluster_name = self._get_param("cluster", "default")
    result = original(self).result
    ids = {name.split("/")[-1] for name in wanted}
    own = [task for _, task in service_tasks(self.ecs_backend, cluster_name) if task["taskArn"].split("/")[-1] in ids]
    found = {task["taskArn"].split("/")[-1] for task in own} | {task.id for task in result["tasks"]}
    prefix = self.ecs_backend._get_cluster(cluster_name).arn.replace(":cluster/", ":task/")
    missing = [{"arn": f"{prefix}/{name}", "reason": "MISSING"} for name in sorted(ids - found)]
    return ActionResult({"tasks": own + result["tasks"], "failures": missing})


def no_container_instance(task_definition):
    """What a task takes from its container instance. On Fargate there is none, and moto fails on a container that says
    nothing of memory, which on Fargate it need not."""
    if "FARGATE" in (task_definition.requires_compatibilities or []):
        return {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}
    return resource_requirements(task_definition)


resource_requirements = Ecs._calculate_task_resource_requirements
Ecs._calculate_task_resource_requirements = staticmethod(no_container_instance)


@patch(EcsApi)
def run_task(original, self):
    network = self._get_param("networkConfiguration")
    if network:
        network["awsvpcConfiguration"].setdefault("securityGroups", [])
    seen = self.ecs_backend.__dict__.setdefault("run_task_tokens", {})
    token = self._get_param("clientToken")
    if token is None or token not in seen:
        seen[token] = original(self)
    return seen[token]
