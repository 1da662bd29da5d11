// SPDX-License-Identifier: MIT OR Apache-2.0
//! The members of task definitions.

use crate::sandbox::service::ecs::shape::{
    Member,
    Need::{Optional, Required},
    Shape::{self, Integer, List, Map, Object, OneOf, Text, Truth},
    TEXTS,
};

/// What RegisterTaskDefinition takes, without the tags.
pub(super) const TASK: Shape = Object(&[
    ("family", Optional, Text),
    ("taskRoleArn", Optional, Text),
    ("executionRoleArn", Optional, Text),
    ("networkMode", Optional, OneOf(&["bridge", "host", "awsvpc", "none"])),
    ("containerDefinitions", Optional, List(&CONTAINER)),
    ("volumes", Optional, List(&VOLUME)),
    ("placementConstraints", Optional, List(&PLACEMENT)),
    ("requiresCompatibilities", Optional, List(&OneOf(&["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]))),
    ("cpu", Optional, Text),
    ("memory", Optional, Text),
    ("pidMode", Optional, OneOf(&["host", "task"])),
    ("ipcMode", Optional, OneOf(&["host", "task", "none"])),
    ("proxyConfiguration", Optional, PROXY),
    (
        "inferenceAccelerators",
        Optional,
        List(&Object(&[("deviceName", Required, Text), ("deviceType", Required, Text)])),
    ),
    ("ephemeralStorage", Optional, Object(&[("sizeInGiB", Required, Integer)])),
    ("runtimePlatform", Optional, PLATFORM),
    ("enableFaultInjection", Optional, Truth),
]);

const PLATFORM: Shape = Object(&[
    ("cpuArchitecture", Optional, OneOf(&["X86_64", "ARM64"])),
    (
        "operatingSystemFamily",
        Optional,
        OneOf(&[
            "LINUX",
            "WINDOWS_SERVER_2016_FULL",
            "WINDOWS_SERVER_2004_CORE",
            "WINDOWS_SERVER_20H2_CORE",
            "WINDOWS_SERVER_2019_FULL",
            "WINDOWS_SERVER_2019_CORE",
            "WINDOWS_SERVER_2022_FULL",
            "WINDOWS_SERVER_2022_CORE",
            "WINDOWS_SERVER_2025_FULL",
            "WINDOWS_SERVER_2025_CORE",
        ]),
    ),
]);

const PLACEMENT: Shape = Object(&[("type", Optional, OneOf(&["memberOf"])), ("expression", Optional, Text)]);

const PROXY: Shape = Object(&[
    ("type", Optional, OneOf(&["APPMESH"])),
    ("containerName", Required, Text),
    ("properties", Optional, List(&PAIR)),
]);

const VOLUME: Shape = Object(&[
    ("name", Optional, Text),
    ("host", Optional, Object(&[("sourcePath", Optional, Text)])),
    (
        "dockerVolumeConfiguration",
        Optional,
        Object(&[
            ("scope", Optional, OneOf(&["task", "shared"])),
            ("autoprovision", Optional, Truth),
            ("driver", Optional, Text),
            ("driverOpts", Optional, Map(&Text)),
            ("labels", Optional, Map(&Text)),
        ]),
    ),
    (
        "efsVolumeConfiguration",
        Optional,
        Object(&[
            ("fileSystemId", Required, Text),
            ("rootDirectory", Optional, Text),
            ("transitEncryption", Optional, SWITCH),
            ("transitEncryptionPort", Optional, Integer),
            (
                "authorizationConfig",
                Optional,
                Object(&[("accessPointId", Optional, Text), ("iam", Optional, SWITCH)]),
            ),
        ]),
    ),
    (
        "fsxWindowsFileServerVolumeConfiguration",
        Optional,
        Object(&[
            ("fileSystemId", Required, Text),
            ("rootDirectory", Required, Text),
            (
                "authorizationConfig",
                Required,
                Object(&[("credentialsParameter", Required, Text), ("domain", Required, Text)]),
            ),
        ]),
    ),
    ("configuredAtLaunch", Optional, Truth),
]);

const SWITCH: Shape = OneOf(&["ENABLED", "DISABLED"]);
const PAIR: Shape = Object(&[("name", Optional, Text), ("value", Optional, Text)]);
const SECRETS: Shape = List(&Object(&[("name", Required, Text), ("valueFrom", Required, Text)]));

const CONTAINER: Shape = Object(&[
    ("name", Optional, Text),
    ("image", Optional, Text),
    ("repositoryCredentials", Optional, Object(&[("credentialsParameter", Required, Text)])),
    ("cpu", Optional, Integer),
    ("memory", Optional, Integer),
    ("memoryReservation", Optional, Integer),
    ("links", Optional, TEXTS),
    ("portMappings", Optional, List(&Object(PORT))),
    ("essential", Optional, Truth),
    (
        "restartPolicy",
        Optional,
        Object(&[
            ("enabled", Required, Truth),
            ("ignoredExitCodes", Optional, List(&Integer)),
            ("restartAttemptPeriod", Optional, Integer),
        ]),
    ),
    ("entryPoint", Optional, TEXTS),
    ("command", Optional, TEXTS),
    ("environment", Optional, List(&PAIR)),
    (
        "environmentFiles",
        Optional,
        List(&Object(&[("value", Required, Text), ("type", Required, OneOf(&["s3"]))])),
    ),
    (
        "mountPoints",
        Optional,
        List(&Object(&[
            ("sourceVolume", Optional, Text),
            ("containerPath", Optional, Text),
            ("readOnly", Optional, Truth),
        ])),
    ),
    (
        "volumesFrom",
        Optional,
        List(&Object(&[("sourceContainer", Optional, Text), ("readOnly", Optional, Truth)])),
    ),
    ("linuxParameters", Optional, LINUX),
    ("secrets", Optional, SECRETS),
    (
        "dependsOn",
        Optional,
        List(&Object(&[
            ("containerName", Required, Text),
            ("condition", Required, OneOf(&["START", "COMPLETE", "SUCCESS", "HEALTHY"])),
        ])),
    ),
    ("startTimeout", Optional, Integer),
    ("stopTimeout", Optional, Integer),
    ("versionConsistency", Optional, OneOf(&["enabled", "disabled"])),
    ("hostname", Optional, Text),
    ("user", Optional, Text),
    ("workingDirectory", Optional, Text),
    ("disableNetworking", Optional, Truth),
    ("privileged", Optional, Truth),
    ("readonlyRootFilesystem", Optional, Truth),
    ("dnsServers", Optional, TEXTS),
    ("dnsSearchDomains", Optional, TEXTS),
    ("extraHosts", Optional, List(&Object(&[("hostname", Required, Text), ("ipAddress", Required, Text)]))),
    ("dockerSecurityOptions", Optional, TEXTS),
    ("interactive", Optional, Truth),
    ("pseudoTerminal", Optional, Truth),
    ("dockerLabels", Optional, Map(&Text)),
    (
        "ulimits",
        Optional,
        List(&Object(&[
            ("name", Required, ULIMIT),
            ("softLimit", Required, Integer),
            ("hardLimit", Required, Integer),
        ])),
    ),
    (
        "logConfiguration",
        Optional,
        Object(&[
            ("logDriver", Required, LOG_DRIVER),
            ("options", Optional, Map(&Text)),
            ("secretOptions", Optional, SECRETS),
        ]),
    ),
    (
        "healthCheck",
        Optional,
        Object(&[
            ("command", Required, TEXTS),
            ("interval", Optional, Integer),
            ("timeout", Optional, Integer),
            ("retries", Optional, Integer),
            ("startPeriod", Optional, Integer),
        ]),
    ),
    ("systemControls", Optional, List(&Object(&[("namespace", Optional, Text), ("value", Optional, Text)]))),
    (
        "resourceRequirements",
        Optional,
        List(&Object(&[
            ("value", Optional, Text),
            ("type", Required, OneOf(&["GPU", "InferenceAccelerator", "NeuronDevice"])),
        ])),
    ),
    (
        "firelensConfiguration",
        Optional,
        Object(&[("type", Required, OneOf(&["fluentd", "fluentbit"])), ("options", Optional, Map(&Text))]),
    ),
    ("credentialSpecs", Optional, TEXTS),
]);

const PORT: &[Member] = &[
    ("containerPort", Optional, Integer),
    ("hostPort", Optional, Integer),
    // Whatever else it says counts as tcp.
    ("protocol", Optional, Text),
    ("name", Optional, Text),
    ("appProtocol", Optional, OneOf(&["http", "http2", "grpc"])),
    ("containerPortRange", Optional, Text),
];

const LINUX: Shape = Object(&[
    ("capabilities", Optional, Object(&[("add", Optional, TEXTS), ("drop", Optional, TEXTS)])),
    (
        "devices",
        Optional,
        List(&Object(&[
            ("hostPath", Required, Text),
            ("containerPath", Optional, Text),
            ("permissions", Optional, List(&OneOf(&["read", "write", "mknod"]))),
        ])),
    ),
    ("initProcessEnabled", Optional, Truth),
    ("sharedMemorySize", Optional, Integer),
    (
        "tmpfs",
        Optional,
        List(&Object(&[
            ("containerPath", Required, Text),
            ("size", Required, Integer),
            ("mountOptions", Optional, TEXTS),
        ])),
    ),
    ("maxSwap", Optional, Integer),
    ("swappiness", Optional, Integer),
]);

const ULIMIT: Shape = OneOf(&[
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
]);

const LOG_DRIVER: Shape =
    OneOf(&["json-file", "syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "awsfirelens"]);
