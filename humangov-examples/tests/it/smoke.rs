// SPDX-License-Identifier: MIT OR Apache-2.0
//! That the test bench itself holds: the emulators behave as the other tests count on, and the proxy sees and breaks
//! what it says.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::emulator::{Emulator, FAIL_MARKER, NO_IMAGE_MARKER};
use crate::proxy::{Call, Fault, Proxy};

/// What every script begins with. One attempt each, so that calls can be counted; `code(f, ..)` gives the error code.
const PRELUDE: &str = r#"
import boto3, json
from botocore.config import Config
from botocore.exceptions import ClientError
def client(service): return boto3.client(service, config=Config(retries={"total_max_attempts": 1}))
def code(call, **arguments):
    try: call(**arguments)
    except ClientError as error: return error.response["Error"]["Code"]
    except Exception as error: return type(error).__name__
ecs, ecr, elbv2, ec2, iam, logs, dynamodb, s3, sts = map(client, "ecs ecr elbv2 ec2 iam logs dynamodb s3 sts".split())
"#;

/// A small fleet: network, cluster, one task definition, one service behind a load balancer.
const FLEET: &str = r#"
vpc = ec2.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
subnets = [s["SubnetId"] for s in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]][:2]
tags = [{"Key": "humangov:fleet", "Value": "humangov"}]
def group(name): return ec2.create_security_group(GroupName=name, Description="test", VpcId=vpc)["GroupId"]
front, task = group("humangov-alb"), group("humangov-task")
ec2.create_tags(Resources=[front, task], Tags=tags)
pair = [{"GroupId": front}]
ec2.authorize_security_group_ingress(GroupId=task, IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": pair}])
ecs.create_cluster(clusterName="humangov", tags=[{"key": "humangov:fleet", "value": "humangov"}])
def define(image):
    containers = [{"name": "web", "image": image, "portMappings": [{"containerPort": 80}]}]
    sizes = dict(networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512")
    return ecs.register_task_definition(family="humangov-ohio", containerDefinitions=containers, **sizes)["taskDefinition"]["taskDefinitionArn"]
balancer = elbv2.create_load_balancer(Name="humangov", Subnets=subnets, SecurityGroups=[front], Tags=tags)["LoadBalancers"][0]["LoadBalancerArn"]
targets = elbv2.create_target_group(Name="humangov-ohio", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip", Tags=tags)["TargetGroups"][0]["TargetGroupArn"]
forward = [{"Type": "forward", "TargetGroupArn": targets}]
def service(**more):
    network = {"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [task]}}
    return dict(cluster="humangov", serviceName="humangov-ohio", taskDefinition=define("app:1"), desiredCount=2, launchType="FARGATE",
        networkConfiguration=network, loadBalancers=[{"targetGroupArn": targets, "containerName": "web", "containerPort": 80}],
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}}, **more)
def poll():
    found = ecs.describe_services(cluster="humangov", services=["humangov-ohio"])["services"][0]
    image = ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]["containerDefinitions"][0]["image"]
    return [found["status"], image, found["runningCount"], [d["rolloutState"] for d in found["deployments"]]]
"#;

fn script(parts: &[&str]) -> String {
    [PRELUDE].iter().chain(parts).copied().collect::<Vec<_>>().join("\n")
}

#[test]
fn moto_lets_time_pass_with_each_poll() {
    let moto = Emulator::moto();
    let seen = moto.boto3(&script(&[
        FLEET,
        &format!("exits, unpullable = 'app:{FAIL_MARKER}', 'app:{NO_IMAGE_MARKER}'"),
        r#"
seen = {"before its listener": code(ecs.create_service, **service())}
elbv2.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)
asked = service(clientToken="one")
for _ in range(2): ecs.create_service(**asked)
seen["again"] = code(ecs.create_service, **{**asked, "clientToken": "two"})
seen["create"] = [poll(), poll()]
seen["healthy"] = [t["TargetHealth"]["State"] for t in elbv2.describe_target_health(TargetGroupArn=targets)["TargetHealthDescriptions"]]
ecs.update_service(cluster="humangov", service="humangov-ohio", taskDefinition=define("app:2"))
seen["update"] = [poll(), poll()]
for name, image in (("exits", exits), ("unpullable", unpullable)):
    bad = define(image)
    ecs.update_service(cluster="humangov", service="humangov-ohio", taskDefinition=bad)
    seen[name] = [poll()[3], poll()[3], poll()]
    stopped = ecs.list_tasks(cluster="humangov", serviceName="humangov-ohio", desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster="humangov", tasks=stopped)["tasks"]
    seen[name].append(sorted({t["stoppedReason"].split(":")[0] for t in tasks if t["taskDefinitionArn"] == bad}))
seen["eleven"] = code(ecs.describe_services, cluster="humangov", services=["x"] * 11)
ecs.delete_service(cluster="humangov", service="humangov-ohio", force=True)
seen["delete"] = [code(ecs.delete_cluster, cluster="humangov"), poll()[0], ecs.list_services(cluster="humangov")["serviceArns"]]
print(json.dumps(seen))
"#,
    ]));
    assert_eq!(
        seen,
        json!({
            "before its listener": "InvalidParameterException",
            "again": "InvalidParameterException",
            "create": [["ACTIVE", "app:1", 0, ["IN_PROGRESS"]], ["ACTIVE", "app:1", 2, ["COMPLETED"]]],
            "healthy": ["healthy", "healthy"],
            "update": [
                ["ACTIVE", "app:2", 2, ["IN_PROGRESS", "COMPLETED"]],
                ["ACTIVE", "app:2", 2, ["COMPLETED"]],
            ],
            "exits": [
                ["IN_PROGRESS", "COMPLETED"],
                ["IN_PROGRESS", "FAILED"],
                ["ACTIVE", "app:2", 2, ["COMPLETED"]],
                ["Essential container in task exited"],
            ],
            "unpullable": [
                ["IN_PROGRESS", "COMPLETED"],
                ["IN_PROGRESS", "FAILED"],
                ["ACTIVE", "app:2", 2, ["COMPLETED"]],
                ["CannotPullContainerError"],
            ],
            "eleven": "InvalidParameterException",
            "delete": ["ClusterContainsTasksException", "INACTIVE", []],
        })
    );
}

#[test]
fn moto_takes_as_many_polls_as_it_is_told() {
    let moto = Emulator::moto_with(&[("EMULATOR_POLLS", "3")]);
    let seen = moto.boto3(&script(&[
        FLEET,
        r#"
elbv2.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)
ecs.create_service(**service())
print(json.dumps([poll()[3][0] for _ in range(4)]))
"#,
    ]));
    assert_eq!(seen, json!(["IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS", "COMPLETED"]));
}

#[test]
fn moto_keeps_what_is_in_use() {
    let moto = Emulator::moto();
    let seen = moto.boto3(&script(&[
        FLEET,
        r#"
listener = dict(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)
arn = elbv2.create_listener(**listener)["Listeners"][0]["ListenerArn"]
same = elbv2.create_listener(**listener)["Listeners"][0]["ListenerArn"] == arn
ecs.create_service(**service())
print(json.dumps([
    same,
    code(ecs.delete_cluster, cluster="humangov"),
    code(elbv2.delete_target_group, TargetGroupArn=targets),
    code(ec2.delete_security_group, GroupId=front),
    code(ec2.delete_security_group, GroupId=task),
    code(elbv2.create_load_balancer, Name="humangov", Subnets=subnets, Scheme="internal"),
    code(elbv2.create_target_group, Name="humangov-ohio", Protocol="HTTP", Port=81, VpcId=vpc, TargetType="ip"),
    code(iam.get_policy, PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"),
]))
"#,
    ]));
    assert_eq!(
        seen,
        json!([
            true,
            "ClusterContainsServicesException",
            "ResourceInUse",
            "DependencyViolation",
            "DependencyViolation",
            "DuplicateLoadBalancerName",
            "DuplicateTargetGroupName",
            null
        ])
    );
}

/// Creates one of each thing that a look must find, and something of another fleet that it must not.
const ONE_OF_EACH: &str = r#"
listener = elbv2.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward, Tags=tags)["Listeners"][0]["ListenerArn"]
elbv2.create_rule(ListenerArn=listener, Priority=7, Conditions=[{"Field": "path-pattern", "Values": ["/x"]}], Actions=forward, Tags=tags)
ecs.create_service(**service())
ecr.create_repository(repositoryName="humangov/app")
ecr.create_repository(repositoryName="other", tags=[{"Key": "humangov:fleet", "Value": "other"}])
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
iam.create_role(RoleName="by-tag-only", AssumeRolePolicyDocument=json.dumps(trust), Tags=tags)
iam.attach_role_policy(RoleName="by-tag-only", PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")
logs.create_log_group(logGroupName="/humangov/ohio")
dynamodb.create_table(TableName="humangov-ohio", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST")
s3.create_bucket(Bucket="humangov-ohio-files")
s3.put_object(Bucket="humangov-ohio-files", Key="key", Body=b"body")
"#;

/// Names by kind, without the kinds that only one emulator has.
fn names(look: &Value) -> Value {
    let names = |items: &Value| items.as_array().unwrap().iter().map(|item| item["name"].clone()).collect();
    let kinds = look.as_object().unwrap().iter();
    kinds.map(|(kind, items)| (kind.clone(), Value::Array(names(items)))).collect()
}

#[test]
fn a_look_finds_the_fleet_and_nothing_else() {
    let expected = json!({
        "dynamodb.table": ["humangov-ohio"],
        "ec2.security_group": ["humangov-alb", "humangov-task"],
        "ecr.repository": ["humangov/app"],
        "ecs.cluster": ["humangov"],
        "ecs.service": ["humangov-ohio"],
        "ecs.task_definition": ["humangov-ohio:1"],
        "elbv2.listener": ["humangov:80"],
        "elbv2.listener_rule": ["humangov:80/7"],
        "elbv2.load_balancer": ["humangov"],
        "elbv2.target_group": ["humangov-ohio"],
        "iam.role": ["by-tag-only"],
        "logs.log_group": ["/humangov/ohio"],
        "s3.bucket": ["humangov-ohio-files"],
    });
    for emulator in [Emulator::moto(), Emulator::ministack()] {
        assert_eq!(emulator.look("humangov"), json!({}));
        emulator.boto3(&script(&[FLEET, ONE_OF_EACH, "print(1)"]));
        let look = emulator.look("humangov");
        assert_eq!(names(&look), expected);
        assert_eq!(look["ecs.cluster"][0]["tags"], json!({ "humangov:fleet": "humangov" }));
        assert_eq!(look["s3.bucket"][0]["settings"]["objects"], json!(["key"]));
    }
}

#[test]
fn a_look_finds_scaling_targets_with_their_policies() {
    let moto = Emulator::moto();
    moto.boto3(&script(&[
        FLEET,
        r#"
elbv2.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)
ecs.create_service(**service())
scaling = client("application-autoscaling")
target = dict(ServiceNamespace="ecs", ResourceId="service/humangov/humangov-ohio", ScalableDimension="ecs:service:DesiredCount")
scaling.register_scalable_target(MinCapacity=1, MaxCapacity=3, Tags={"humangov:fleet": "humangov"}, **target)
metric = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
scaling.put_scaling_policy(PolicyName="cpu", PolicyType="TargetTrackingScaling", **target,
    TargetTrackingScalingPolicyConfiguration={"TargetValue": 50.0, "PredefinedMetricSpecification": metric})
print(1)
"#,
    ]));
    let look = moto.look("humangov");
    let target = &look["autoscaling.target"][0];
    assert_eq!(target["tags"], json!({ "humangov:fleet": "humangov" }));
    assert_eq!(target["settings"]["policies"][0]["PolicyName"], "cpu");
}

#[test]
fn the_proxy_names_and_counts_every_call() {
    for emulator in [Emulator::moto(), Emulator::ministack()] {
        let proxy = Proxy::start(&emulator);
        let body = emulator.boto3_at(
            &proxy.url(),
            &script(&[r#"
ecs.create_cluster(clusterName="humangov")
ec2.describe_vpcs()
iam.list_roles()
code(elbv2.describe_load_balancers, Names=["none"])
logs.create_log_group(logGroupName="/humangov")
dynamodb.list_tables()
s3.create_bucket(Bucket="humangov-x")
code(s3.head_bucket, Bucket="humangov-none")
s3.put_object(Bucket="humangov-x", Key="a b/ü", Body=bytes(range(256)) * 2000)
body = s3.get_object(Bucket="humangov-x", Key="a b/ü")["Body"].read()
s3.delete_objects(Bucket="humangov-x", Delete={"Objects": [{"Key": "a b/ü"}]})
s3.delete_bucket(Bucket="humangov-x")
sts.get_caller_identity()
print(json.dumps(body == bytes(range(256)) * 2000))
"#]),
        );
        assert_eq!(body, json!(true));
        let calls = proxy.calls();
        let keys: Vec<_> = calls.iter().map(Call::key).collect();
        assert_eq!(
            keys,
            [
                "ecs.CreateCluster",
                "ec2.DescribeVpcs",
                "iam.ListRoles",
                "elbv2.DescribeLoadBalancers",
                "logs.CreateLogGroup",
                "dynamodb.ListTables",
                "s3.CreateBucket",
                "s3.HeadBucket",
                "s3.PutObject",
                "s3.GetObject",
                "s3.DeleteObjects",
                "s3.DeleteBucket",
                "sts.GetCallerIdentity",
            ]
        );
        assert_eq!(
            proxy.writes(),
            [
                "ecs.CreateCluster",
                "logs.CreateLogGroup",
                "s3.CreateBucket",
                "s3.PutObject",
                "s3.DeleteObjects",
                "s3.DeleteBucket"
            ]
        );
        assert_eq!((calls[0].status, calls[7].status), (Some(200), Some(404)));
        assert!(calls.iter().all(|call| call.forwarded));
        proxy.clear();
        assert_eq!(proxy.calls(), []);
    }
}

#[test]
fn each_protocol_has_its_own_shape_of_error() {
    let moto = Emulator::moto();
    let proxy = Proxy::start(&moto);
    let calls = r#"
print(json.dumps([
    code(ecs.create_cluster, clusterName="x"),
    code(dynamodb.delete_table, TableName="xyz"),
    code(elbv2.delete_load_balancer, LoadBalancerArn="x"),
    code(iam.delete_role, RoleName="x"),
    code(ec2.delete_security_group, GroupId="sg-1"),
    code(s3.put_object, Bucket="xyz", Key="x", Body=b"x"),
]))
"#;
    let all = 1..=usize::MAX;
    for (fault, codes) in [
        (Fault::error(400, "Some<Code>", "said & done"), json!(vec!["Some<Code>"; 6])),
        (
            Fault::AccessDenied,
            json!([
                "AccessDeniedException",
                "AccessDeniedException",
                "AccessDenied",
                "AccessDenied",
                "UnauthorizedOperation",
                "AccessDenied"
            ]),
        ),
        (
            Fault::Throttled,
            json!([
                "ThrottlingException",
                "ThrottlingException",
                "Throttling",
                "Throttling",
                "RequestLimitExceeded",
                "SlowDown"
            ]),
        ),
    ] {
        proxy.clear();
        proxy.fail_writes(all.clone(), fault);
        assert_eq!(moto.boto3_at(&proxy.url(), &script(&[calls])), codes);
        assert!(proxy.calls().iter().all(|call| !call.forwarded));
    }
    proxy.clear();
    proxy.fail("s3.HeadBucket", all, Fault::AccessDenied);
    let head =
        moto.boto3_at(&proxy.url(), &script(&["print(json.dumps(code(s3.head_bucket, Bucket='xyz')))"]));
    assert_eq!(head, json!("403"));
}

#[test]
fn a_lost_request_is_not_executed_and_a_lost_answer_is() {
    let moto = Emulator::moto();
    let proxy = Proxy::start(&moto);
    proxy.fail_nth_write(2, Fault::LoseRequest);
    proxy.fail_nth_write(3, Fault::LoseAnswer);
    proxy.fail("ecs.CreateCluster", 4..=4, Fault::Delay(Duration::from_millis(1)));
    let seen = moto.boto3_at(
        &proxy.url(),
        &script(&[r#"print(json.dumps([code(ecs.create_cluster, clusterName=name) for name in "abcd"]))"#]),
    );
    assert_eq!(seen, json!([null, "ConnectionClosedError", "ConnectionClosedError", null]));
    let there = moto.boto3(&script(&[
        "print(json.dumps(sorted(arn.split('/')[1] for arn in ecs.list_clusters()['clusterArns'])))",
    ]));
    assert_eq!(there, json!(["a", "c", "d"]));
    let outcome: Vec<_> = proxy.calls().iter().map(|call| (call.status, call.forwarded)).collect();
    assert_eq!(outcome, [(Some(200), true), (None, false), (None, true), (Some(200), true)]);
}

#[test]
fn half_an_answer_arrives_with_nothing_to_show_that_it_is_half() {
    let moto = Emulator::moto();
    let proxy = Proxy::start(&moto);
    proxy.fail_writes(1..=2, Fault::HalfAnswer);
    // botocore notices broken XML, and takes broken JSON for an answer without members.
    let seen = moto.boto3_at(
        &proxy.url(),
        &script(&[r#"
seen = code(ec2.create_security_group, GroupName="half", Description="test")
print(json.dumps([seen, "cluster" in ecs.create_cluster(clusterName="half")]))
"#]),
    );
    assert_eq!(seen, json!(["ResponseParserError", false]));
    let look = moto.look("half");
    assert_eq!(names(&look), json!({ "ec2.security_group": ["half"], "ecs.cluster": ["half"] }));
    assert_eq!(proxy.calls()[1].status, Some(200));
}

#[test]
fn a_held_call_waits_until_it_is_let_go() {
    let moto = Emulator::moto();
    for (forward, clusters) in [(false, 0), (true, 1)] {
        let proxy = Proxy::start(&moto);
        proxy.fail_nth_write(1, Fault::Hold { forward });
        thread::scope(|scope| {
            let create = r#"print(json.dumps(code(ecs.create_cluster, clusterName="held")))"#;
            let client = scope.spawn(|| moto.boto3_at(&proxy.url(), &script(&[create])));
            assert!(proxy.wait_until_held(Duration::from_mins(1)));
            let there = moto.boto3(&script(&["print(len(ecs.list_clusters()['clusterArns']))"]));
            assert_eq!(there, json!(clusters));
            proxy.release();
            assert_eq!(client.join().unwrap(), json!("ConnectionClosedError"));
        });
    }
}
