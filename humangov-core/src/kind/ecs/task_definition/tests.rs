// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;
use crate::{
    fargate_size,
    kind::ecs::{
        ContainerCondition, ContainerDependency, HealthCheck, LinuxParameters, LogConfiguration, LogDriver,
        MountPoint, PortMapping, RestartPolicy, TransportProtocol, Ulimit, UlimitName,
    },
    size::{Cpu, Memory},
    stack::Stack,
};

const ROLE: &str = "arn:aws:iam::123456789012:role/humangov-execution";

fn container(name: &str) -> ContainerDefinition {
    ContainerDefinition::builder().name(name).image("nginx:1.29").build()
}

fn fargate() -> FargateTask {
    FargateTask::builder().size(fargate_size!(512, 1024)).build()
}

fn with(launch: impl Into<TaskLaunch>, containers: Vec<ContainerDefinition>) -> TaskDefinition {
    let mut task = TaskDefinition::builder().family("humangov-california").launch(launch).build();
    task.containers = containers;
    task.execution_role = Some(Input::Known(ROLE.parse().expect("an ARN")));
    task
}

/// A Fargate task of one container, changed by `change`.
fn of(change: impl FnOnce(&mut ContainerDefinition)) -> TaskDefinition {
    let mut app = container("app");
    change(&mut app);
    with(fargate(), vec![app])
}

/// The same on EC2, with enough memory.
fn on_ec2(change: impl FnOnce(&mut Ec2Task, &mut ContainerDefinition)) -> TaskDefinition {
    let (mut launch, mut app) = (Ec2Task::builder().memory(Memory::from_mib(512)).build(), container("app"));
    change(&mut launch, &mut app);
    with(launch, vec![app])
}

fn on_windows(
    family: OperatingSystemFamily,
    change: impl FnOnce(&mut FargateTask, &mut ContainerDefinition),
) -> TaskDefinition {
    let mut launch = FargateTask::builder()
        .size(fargate_size!(1024, 2048))
        .runtime_platform(RuntimePlatform::new(CpuArchitecture::X86_64, family))
        .build();
    let mut app = container("app");
    change(&mut launch, &mut app);
    with(launch, vec![app])
}

fn problems(task: &TaskDefinition) -> String {
    let mut found = Violations::default();
    task.validate(&mut found);
    found.to_string()
}

/// Each task has exactly one problem, and it is told so.
fn each_tells(cases: Vec<(TaskDefinition, &str)>) {
    for (task, expected) in cases {
        let text = problems(&task);
        assert!(text.starts_with(expected) && !text.contains('\n'), "expected {expected:?}, got {text:?}");
    }
}

fn mapping(container_port: u16, host_port: u16) -> PortMapping {
    PortMapping::builder().container_port(container_port).host_port(host_port).build()
}

#[test]
fn a_usual_task_is_fine() {
    let app = ContainerDefinition::builder()
        .name("app")
        .image("123456789012.dkr.ecr.us-east-1.amazonaws.com/humangov:1.4.2")
        .port(8000)
        .env("US_STATE", "california")
        .secret("DATABASE_URL", "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf")
        .environment_file("arn:aws:s3:::humangov-config/california.env")
        .command(["gunicorn", "app:app"])
        .health_check(HealthCheck::shell("curl --fail http://localhost:8000/"))
        .depends_on("migrate", ContainerCondition::Success)
        .log_configuration(
            LogConfiguration::awslogs("/humangov/california", "us-east-1", "app").non_blocking("25m"),
        )
        .linux_parameters(
            LinuxParameters::builder().init_process_enabled(true).drop_capability("ALL").build(),
        )
        .mount_point(MountPoint::new("scratch", "/tmp"))
        .ulimit(UlimitName::Nofile, 65535, 65535)
        .readonly_root_filesystem(true)
        .stop_timeout(60)
        .cpu(Cpu::from_units(384))
        .memory_reservation(Memory::from_mib(512))
        .build();
    let migrate = ContainerDefinition::builder()
        .name("migrate")
        .image("nginx")
        .essential(false)
        .restart_policy(RestartPolicy::builder().ignored_exit_code(0).build())
        .build();
    let task = TaskDefinition::builder()
        .family("humangov-california")
        .launch(
            FargateTask::builder()
                .size(fargate_size!(512, 1024))
                .ephemeral_storage_gib(30)
                .runtime_platform(RuntimePlatform::LINUX_ARM64)
                .pid_mode(FargatePidMode::Task)
                .build(),
        )
        .execution_role(Input::Known(ROLE.parse().expect("an ARN")))
        .container(app)
        .container(migrate)
        .volume(Volume::bind("scratch"))
        .build();
    assert_eq!(problems(&task), "");
    assert_eq!(problems(&on_ec2(|_, _| ())), "");
}

#[test]
fn the_whole_is_checked() {
    let mut none = with(fargate(), vec![]);
    none.family = "humangov/california".to_owned();
    assert_eq!(
        problems(&none),
        "family: a name has 1 to 255 of A-Z, a-z, 0-9, _ and -\ncontainers: 0 containers; a task has 1 to 10"
    );
    let optional = ContainerDefinition { essential: false, ..container("app") };
    let big = |name: &str| ContainerDefinition {
        cpu: Some(Cpu::from_units(300)),
        memory: Some(Memory::from_mib(600)),
        ..container(name)
    };
    let many = (0..11).map(|i| container(&format!("c{i}"))).collect();
    each_tells(vec![
        (with(fargate(), many), "containers: 11 containers; a task has 1 to 10"),
        (with(fargate(), vec![optional]), "containers: at least one container must be essential"),
        (
            with(fargate(), vec![container("a"), container("a")]),
            "containers.a.name: 2 containers have this name",
        ),
        (
            of(|app| {
                app.environment.insert("LONG".to_owned(), "x".repeat(65_000).as_str().into());
            }),
            "containers: the definition has about 65",
        ),
    ]);
    assert_eq!(
        problems(&with(fargate(), vec![big("a"), big("b")])),
        "containers: the containers have 600 CPU units in all; the task has 512\n\
         containers: the containers reserve 1200 MiB in all; the task has 1024"
    );
}

#[test]
fn each_launch_type_has_its_own_rules() {
    const WINDOWS_ON_ARM: RuntimePlatform =
        RuntimePlatform::new(CpuArchitecture::Arm64, OperatingSystemFamily::WindowsServer2022Core);
    let mut storage = fargate();
    storage.ephemeral_storage_gib = Some(20);
    let external = |change: fn(&mut ExternalTask)| {
        let mut launch = ExternalTask::builder().memory(Memory::from_mib(512)).build();
        change(&mut launch);
        with(launch, vec![container("app")])
    };
    each_tells(vec![
        (
            with(storage, vec![container("app")]),
            "launch.ephemeral_storage_gib: 20 GiB; allowed are 21 to 200",
        ),
        (
            on_ec2(|task, _| task.cpu = Some(Cpu::from_units(100))),
            "launch.cpu: 100 units; allowed are 128 to",
        ),
        (
            on_ec2(|task, _| task.placement_constraints = vec!["attribute:x == y".to_owned(); 11]),
            "launch.placement_constraints: 11 constraints; at most 10",
        ),
        (
            external(|task| task.runtime_platform = Some(WINDOWS_ON_ARM)),
            "launch.runtime_platform.cpu_architecture: Windows",
        ),
        (
            external(|task| {
                task.runtime_platform = Some(RuntimePlatform::new(
                    CpuArchitecture::X86_64,
                    OperatingSystemFamily::WindowsServer2022Core,
                ));
                task.network_mode = Some(ExternalNetworkMode::Host);
            }),
            "launch.network_mode: on Windows it is left out",
        ),
        (
            on_windows(OperatingSystemFamily::WindowsServer2016Full, |_, _| ()),
            "launch.runtime_platform.operating_system_family: Fargate has Windows Server 2019",
        ),
        (
            on_windows(OperatingSystemFamily::WindowsServer2022Core, |task, _| {
                task.size = fargate_size!(512, 1024);
            }),
            "launch.size: 0.5 vCPU; Windows on Fargate has 1, 2 or 4 vCPU",
        ),
        (
            on_windows(OperatingSystemFamily::WindowsServer2022Core, |_, app| {
                app.user = Some("x".to_owned());
            }),
            "containers.app.user: not on Windows",
        ),
        (
            on_windows(OperatingSystemFamily::WindowsServer2022Core, |_, app| {
                app.port_mappings.push(PortMapping::tcp(3150));
            }),
            "containers.app.port_mappings.3150.container_port: 3150 is taken by Windows",
        ),
    ]);
}

#[test]
fn containers_on_fargate_have_no_rights_over_the_host() {
    let linux = |change: fn(&mut LinuxParameters)| {
        of(|app| {
            let mut linux = LinuxParameters::default();
            change(&mut linux);
            app.linux_parameters = Some(linux);
        })
    };
    let mut host = of(|app| app.mount_points.push(MountPoint::read_only("root", "/host")));
    host.volumes.push(Volume::host("root", "/"));
    each_tells(vec![
        (of(|app| app.privileged = true), "containers.app.privileged: not on Fargate"),
        (host, "volumes.root.source: Fargate has no directories of hosts"),
        (
            linux(|it| it.capabilities.add = ["NET_ADMIN".to_owned()].into()),
            "containers.app.linux_parameters.capabilities.add: NET_ADMIN: on Fargate only SYS_PTRACE",
        ),
        (
            linux(|it| it.capabilities.drop = ["CAP_CHOWN".to_owned()].into()),
            "containers.app.linux_parameters.capabilities.drop: \"CAP_CHOWN\" is not a capability; allowed are ALL",
        ),
        (
            linux(|it| it.shared_memory_size = Some(Memory::from_mib(64))),
            "containers.app.linux_parameters.shared_memory_size: not on Fargate",
        ),
        (of(|app| app.stop_timeout = Some(121)), "containers.app.stop_timeout: 121; allowed are 2 to 120"),
        (of(|app| app.start_timeout = Some(1)), "containers.app.start_timeout: 1; allowed are 2 to 120"),
        (
            of(|app| {
                app.log_configuration =
                    Some(LogConfiguration::builder().log_driver(LogDriver::Fluentd).build());
            }),
            "containers.app.log_configuration.log_driver: Fargate has awslogs, splunk and awsfirelens only",
        ),
    ]);
}

#[test]
fn ports_fit_the_network() {
    let ports = |mode: NetworkMode, mappings: &[PortMapping]| {
        on_ec2(|task, app| {
            task.network_mode = Some(mode);
            app.port_mappings = mappings.to_vec();
        })
    };
    let named = |name: &str| PortMapping::builder().container_port(80).name(name).build();
    let twice = with(
        fargate(),
        ["a", "b"]
            .map(|name| ContainerDefinition { port_mappings: vec![PortMapping::tcp(80)], ..container(name) })
            .into(),
    );
    let both = [
        PortMapping::tcp(53),
        PortMapping::builder().container_port(53).protocol(TransportProtocol::Udp).build(),
    ];
    assert_eq!(problems(&of(|app| app.port_mappings = both.to_vec())), "");
    assert_eq!(problems(&ports(NetworkMode::Bridge, &[mapping(80, 0), mapping(80, 8080)])), "");
    assert_eq!(problems(&ports(NetworkMode::Awsvpc, &[mapping(22, 22)])), "");
    each_tells(vec![
        (
            of(|app| app.port_mappings.push(mapping(80, 8080))),
            "containers.app.port_mappings.80.host_port: with network modes awsvpc and host it is the container's: 80",
        ),
        (
            of(|app| app.port_mappings.push(PortMapping::tcp(0))),
            "containers.app.port_mappings.0.container_port: ports are 1 to 65535",
        ),
        (
            of(|app| app.port_mappings.push(named("-Web"))),
            "containers.app.port_mappings.80.name: a port's name has",
        ),
        (
            ports(NetworkMode::Bridge, &[mapping(80, 51679)]),
            "containers.app.port_mappings.80.host_port: 22, 2375",
        ),
        (ports(NetworkMode::Host, &[mapping(22, 22)]), "containers.app.port_mappings.22.host_port: 22, 2375"),
        (
            ports(NetworkMode::None, &[PortMapping::tcp(80)]),
            "containers.app.port_mappings.80.container_port: without a network",
        ),
        (
            ports(NetworkMode::Bridge, &[mapping(80, 8080), mapping(81, 8080)]),
            "containers.app.port_mappings.81: port 8080 is taken already, by container app",
        ),
        (twice, "containers.b.port_mappings.80: port 80 is taken already, by container a"),
    ]);
}

#[test]
fn memory_fits_the_launch() {
    let mib = |mib| Some(Memory::from_mib(mib));
    each_tells(vec![
        (
            on_ec2(|task, _| task.memory = None),
            "containers.app.memory: without memory of the whole task, each container needs memory",
        ),
        (of(|app| app.memory = mib(5)), "containers.app.memory: a container has at least 6 MiB"),
        (
            of(|app| (app.memory, app.memory_reservation) = (mib(256), mib(256))),
            "containers.app.memory_reservation: 256 MiB are reserved; it must be less than the memory, 256 MiB",
        ),
        (
            of(|app| (app.memory, app.memory_reservation) = (mib(2048), mib(256))),
            "containers.app.memory: 2 GB are more than the task has, 1 GB",
        ),
    ]);
}

#[test]
fn containers_wait_for_what_can_happen() {
    let pair = |condition: ContainerCondition, change: fn(&mut ContainerDefinition)| {
        let (mut app, mut other) = (container("app"), container("other"));
        app.depends_on.push(ContainerDependency { container_name: "other".to_owned(), condition });
        change(&mut other);
        with(fargate(), vec![app, other])
    };
    assert_eq!(problems(&pair(ContainerCondition::Start, |_| ())), "");
    each_tells(vec![
        (
            pair(ContainerCondition::Healthy, |_| ()),
            "containers.app.depends_on.other.condition: HEALTHY needs a health check, which other has not",
        ),
        (
            pair(ContainerCondition::Success, |_| ()),
            "containers.app.depends_on.other.condition: other is essential",
        ),
        (
            pair(ContainerCondition::Start, |other| "else".clone_into(&mut other.name)),
            "containers.app.depends_on.other.container_name: the task has no such container; it has app, else",
        ),
        (
            pair(ContainerCondition::Start, |other| {
                other.depends_on.push(ContainerDependency {
                    container_name: "app".to_owned(),
                    condition: ContainerCondition::Start,
                });
            }),
            "containers: containers wait for each other: app -> other -> app",
        ),
    ]);
}

#[test]
fn every_setting_of_a_container_is_checked() {
    let check = |change: fn(&mut HealthCheck)| {
        of(|app| {
            let mut check = HealthCheck::exec(["/bin/health"]);
            change(&mut check);
            app.health_check = Some(check);
        })
    };
    let logs = |logs: LogConfiguration| of(|app| app.log_configuration = Some(logs));
    let awslogs = || LogConfiguration::awslogs("/humangov/california", "us-east-1", "app");
    let without = |option: &str| {
        let mut logs = awslogs();
        logs.options.remove(option);
        logs
    };
    let and = |option: &str, value: &str| {
        let mut logs = awslogs();
        logs.options.insert(option.to_owned(), value.into());
        logs
    };
    let mut efs = of(|_| ());
    efs.volumes
        .push(Volume::efs("files", EfsVolume::builder().file_system_id("fs-12345678").iam(true).build()));
    each_tells(vec![
        (of(|app| app.image = "".into()), "containers.app.image: a container needs an image"),
        (of(|app| app.image = "Nginx".into()), "containers.app.image: \"Nginx\" is not an image"),
        (check(|it| it.interval = 4), "containers.app.health_check.interval: 4; allowed are 5 to 300"),
        (check(|it| it.timeout = 61), "containers.app.health_check.timeout: 61; allowed are 2 to 60"),
        (check(|it| it.retries = 0), "containers.app.health_check.retries: 0; allowed are 1 to 10"),
        (check(|it| it.start_period = Some(301)), "containers.app.health_check.start_period: 301; allowed"),
        (
            check(|it| it.command = vec!["curl".to_owned(), "localhost".to_owned()]),
            "containers.app.health_check.command: a check is CMD and words",
        ),
        (
            of(|app| {
                app.environment.insert("KEY".to_owned(), "1".into());
                app.secrets.insert("KEY".to_owned(), "parameter".into());
            }),
            "containers.app.secrets.KEY: set in environment too",
        ),
        (
            of(|app| drop(app.secrets.insert("KEY".to_owned(), ROLE.into()))),
            "containers.app.secrets.KEY: a secret is the ARN of a Secrets Manager secret or SSM parameter",
        ),
        (
            of(|app| app.environment_files.push("arn:aws:s3:::bucket/config.txt".into())),
            "containers.app.environment_files: \"arn:aws:s3:::bucket/config.txt\" is not the ARN",
        ),
        (
            of(|app| app.ulimits.push(Ulimit { name: UlimitName::Nofile, soft_limit: 2, hard_limit: 1 })),
            "containers.app.ulimits: nofile: limits are",
        ),
        (
            of(|app| {
                let mut policy = RestartPolicy::builder().restart_attempt_period(59).build();
                policy.ignored_exit_codes = (0..50).collect();
                app.restart_policy = Some(policy);
            }),
            "containers.app.restart_policy.restart_attempt_period: 59; allowed are 60 to 1800",
        ),
        (
            of(|app| app.mount_points.push(MountPoint::new("files", "/files"))),
            "containers.app.mount_points.files.source_volume: the task has no volume \"files\"; it has none",
        ),
        (efs, "volumes.files.source.efs.transit_encryption: an access point and iam need it"),
        (
            logs(without("awslogs-group")),
            "containers.app.log_configuration.options.awslogs-group: awslogs needs the option awslogs-group",
        ),
        (
            logs(without("awslogs-stream-prefix")),
            "containers.app.log_configuration.options.awslogs-stream-prefix: awslogs on Fargate needs",
        ),
        (
            logs(and("awslogs-stream", "x")),
            "containers.app.log_configuration.options.awslogs-stream: not an option of awslogs; allowed are",
        ),
        (
            logs(and("mode", "fast")),
            "containers.app.log_configuration.options.mode: allowed are blocking and",
        ),
        (
            logs(awslogs().non_blocking("25 MB")),
            "containers.app.log_configuration.options.max-buffer-size: a size is a whole number",
        ),
        (
            logs(LogConfiguration::builder().log_driver(LogDriver::Awsfirelens).build()),
            "containers.app.log_configuration.log_driver: awsfirelens needs another container",
        ),
    ]);
}

#[test]
fn an_execution_role_is_asked_for_where_ecs_needs_one() {
    let without_role = |mut task: TaskDefinition| {
        task.execution_role = None;
        task
    };
    let awslogs = |app: &mut ContainerDefinition| {
        app.log_configuration = Some(LogConfiguration::awslogs("group", "us-east-1", "app"));
    };
    let secret = |app: &mut ContainerDefinition| drop(app.secrets.insert("KEY".to_owned(), "key".into()));
    let ecr = |app: &mut ContainerDefinition| {
        app.image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app".into();
    };
    assert_eq!(problems(&without_role(of(|_| ()))), "");
    assert_eq!(problems(&without_role(on_ec2(|_, app| awslogs(app)))), "");
    assert_eq!(problems(&without_role(on_ec2(|_, app| ecr(app)))), "");
    each_tells(vec![
        (without_role(of(awslogs)), "execution_role: needed on Fargate for the logs of container app"),
        (without_role(of(ecr)), "execution_role: needed on Fargate for the image of container app in ECR"),
        (without_role(on_ec2(|_, app| secret(app))), "execution_role: needed for secrets"),
    ]);
}

#[test]
fn what_is_not_known_yet_is_not_judged() {
    let mut stack = Stack::new("humangov".parse().expect("a fleet"), "california".parse().expect("a stack"));
    let role = stack
        .add(
            "execution",
            Role::builder().name("execution").trust(crate::kind::iam::PolicyDocument::default()).build(),
        )
        .expect("added");
    let image = crate::value::Join::new().output(&role.get(Role::ARN)).text(":1");
    let app = ContainerDefinition::builder()
        .name("app")
        .image(image)
        .secret("KEY", role.get(Role::ARN))
        .env("ROLE", role.get(Role::ARN))
        .build();
    let task = TaskDefinition::builder()
        .family("app")
        .launch(fargate_size!(256, 512))
        .execution_role(&role)
        .container(app)
        .build();
    assert_eq!(problems(&task), "");
}

#[test]
fn equal_meanings_have_one_form() {
    let sent = with(
        fargate(),
        vec![
            ContainerDefinition {
                port_mappings: vec![PortMapping::tcp(8080), PortMapping::tcp(80)],
                ..container("b")
            },
            ContainerDefinition {
                linux_parameters: Some(LinuxParameters::default()),
                cpu: Some(Cpu::from_units(0)),
                user: Some(String::new()),
                ..container("a")
            },
        ],
    );
    let answered = with(
        fargate(),
        vec![
            container("a"),
            ContainerDefinition {
                port_mappings: vec![mapping(80, 80), mapping(8080, 8080)],
                ..container("b")
            },
        ],
    );
    let normal = |mut task: TaskDefinition| {
        task.normalize();
        task
    };
    assert_eq!(normal(sent.clone()), normal(answered.clone()));
    assert_eq!(normal(normal(sent.clone())), normal(sent.clone()));
    assert_eq!(sent.content_digest(), answered.content_digest());
    let bridge = normal(on_ec2(|_, app| app.port_mappings = vec![mapping(80, 0)]));
    assert_eq!(bridge.containers[0].port_mappings[0].host_port, None);
    assert_eq!(bridge.launch.network_mode(), Some(NetworkMode::Bridge));
}

#[test]
fn tags_do_not_make_another_revision() {
    let task = of(|_| ());
    let mut tagged = task.clone();
    tagged.tags.insert("team", "hr");
    assert_eq!(task.content_digest(), tagged.content_digest());
    let changed = of(|app| drop(app.environment.insert("KEY".to_owned(), "1".into())));
    assert_ne!(task.content_digest(), changed.content_digest());
}

#[test]
fn every_field_but_the_tags_makes_another_revision() {
    let value = serde_json::to_value(of(|_| ())).expect("serializes");
    for field in value.as_object().expect("a struct").keys().filter(|field| *field != "tags") {
        let rule = Rule::ReplaceCreateFirst("");
        let covered = TaskDefinition::RULES.iter().any(|it| {
            std::mem::discriminant(it) == std::mem::discriminant(&rule) && it.path() == format!("/{field}")
        });
        assert!(covered, "{field} has no rule");
    }
}

#[test]
fn a_definition_reads_back_from_its_record() {
    let task = with(
        Ec2Task::builder().network_mode(NetworkMode::Awsvpc).placement_constraint("attribute:x == y").build(),
        vec![ContainerDefinition {
            health_check: Some(HealthCheck::shell("true")),
            log_configuration: Some(LogConfiguration::awslogs("g", "r", "p")),
            ..container("app")
        }],
    );
    let text = serde_json::to_string(&task).expect("serializes");
    assert!(text.contains(r#""launch":{"ec2":{"network_mode":"awsvpc""#), "{text}");
    assert_eq!(serde_json::from_str::<TaskDefinition>(&text).expect("parses"), task);
}
