// SPDX-License-Identifier: MIT OR Apache-2.0
//! `[service]`, and what an override lays over it.

use crate::config::{
    Autoscaling, CpuArchitecture, DEREGISTRATION_DELAY, GRACE_PERIOD, Launch, NetworkMode, Service, TASKS,
    problem::{Place, Problems},
    reader::{Setting, Table},
    syntax,
};
use humangov_core::size::{Cpu, FargateSize, InvalidFargateSizeKind, Memory};

/// What one section says, each setting with its place.
#[derive(Debug, Clone)]
pub(super) struct ServiceDraft {
    launch: Setting<Launch>,
    cpu: Setting<Cpu>,
    memory: Setting<Memory>,
    cpu_architecture: Setting<CpuArchitecture>,
    desired_count: Setting<u32>,
    health_check_path: Setting<String>,
    health_check_grace_period_seconds: Setting<u32>,
    deregistration_delay_seconds: Setting<u32>,
    enable_execute_command: Setting<bool>,
    network_mode: Setting<NetworkMode>,
    autoscaling: AutoscalingDraft,
}

#[derive(Debug, Clone)]
struct AutoscalingDraft {
    place: Option<Place>,
    min_capacity: Setting<u32>,
    max_capacity: Setting<u32>,
    cpu_percent: Setting<u32>,
    memory_percent: Setting<u32>,
}

impl ServiceDraft {
    pub(super) fn read(table: &Table<'_, '_>) -> Self {
        let autoscaling = table.table("autoscaling");
        Self {
            launch: table.choice("launch"),
            cpu: table.amount("cpu"),
            memory: table.amount("memory"),
            cpu_architecture: table.choice("cpu_architecture"),
            desired_count: table.integer("desired_count", TASKS),
            health_check_path: table.text("health_check_path", syntax::health_check_path),
            health_check_grace_period_seconds: table
                .integer("health_check_grace_period_seconds", GRACE_PERIOD),
            deregistration_delay_seconds: table.integer("deregistration_delay_seconds", DEREGISTRATION_DELAY),
            enable_execute_command: table.flag("enable_execute_command"),
            network_mode: table.choice("network_mode"),
            autoscaling: AutoscalingDraft {
                place: autoscaling.place(),
                min_capacity: autoscaling.integer("min_capacity", TASKS),
                max_capacity: autoscaling.integer("max_capacity", 1..=*TASKS.end()),
                cpu_percent: autoscaling.integer("cpu_percent", 1..=100),
                memory_percent: autoscaling.integer("memory_percent", 1..=100),
            },
        }
    }

    /// These settings, and those of `base` where nothing is said here.
    pub(super) fn over(&self, base: &Self) -> Self {
        Self {
            launch: self.launch.or(&base.launch),
            cpu: self.cpu.or(&base.cpu),
            memory: self.memory.or(&base.memory),
            cpu_architecture: self.cpu_architecture.or(&base.cpu_architecture),
            desired_count: self.desired_count.or(&base.desired_count),
            health_check_path: self.health_check_path.or(&base.health_check_path),
            health_check_grace_period_seconds: self
                .health_check_grace_period_seconds
                .or(&base.health_check_grace_period_seconds),
            deregistration_delay_seconds: self
                .deregistration_delay_seconds
                .or(&base.deregistration_delay_seconds),
            enable_execute_command: self.enable_execute_command.or(&base.enable_execute_command),
            network_mode: self.network_mode.or(&base.network_mode),
            autoscaling: AutoscalingDraft {
                place: self.autoscaling.place.clone().or_else(|| base.autoscaling.place.clone()),
                min_capacity: self.autoscaling.min_capacity.or(&base.autoscaling.min_capacity),
                max_capacity: self.autoscaling.max_capacity.or(&base.autoscaling.max_capacity),
                cpu_percent: self.autoscaling.cpu_percent.or(&base.autoscaling.cpu_percent),
                memory_percent: self.autoscaling.memory_percent.or(&base.autoscaling.memory_percent),
            },
        }
    }

    /// Where tasks run; nothing if the file says something that cannot be.
    pub(super) fn launch(&self) -> Option<Launch> {
        (!self.launch.is_bad()).then(|| self.launch.get().copied().unwrap_or(Launch::Fargate))
    }

    /// Tells what cannot be together.
    pub(super) fn check(&self, problems: &Problems) {
        self.check_size(problems);
        self.check_launch(problems);
        self.autoscaling.check(problems, &self.desired_count);
    }

    fn check_size(&self, problems: &Problems) {
        let (Some(launch), false, false) = (self.launch(), self.cpu.is_bad(), self.memory.is_bad()) else {
            return;
        };
        let default = Service::default();
        let cpu = self.cpu.get().copied().unwrap_or(default.cpu);
        let memory = self.memory.get().copied().unwrap_or(default.memory);
        if launch.is_fargate() {
            let Err(error) = FargateSize::new(cpu, memory) else { return };
            let blamed = match error.kind() {
                InvalidFargateSizeKind::Cpu => [self.cpu.place(), self.launch.place()],
                _ => [self.memory.place(), self.cpu.place()],
            };
            if let Some(place) = nearest_override(&blamed) {
                let also = match (self.cpu.is_absent(), self.memory.is_absent()) {
                    (false, true) => " (memory is not given)",
                    (true, false) => " (cpu is not given)",
                    _ => "",
                };
                problems.at(place, format!("{error}{also}"));
            }
            return;
        }
        // ECS takes 128 to 196608 CPU units for tasks on machines of one's own; a container needs 6 MiB.
        if let Some(place) = self.cpu.place().filter(|_| !(128..=196_608).contains(&cpu.units())) {
            problems.at(place, "must be from 128 CPU units (0.125 vCPU) to 196608 (192 vCPU)");
        }
        if let Some(place) = self.memory.place().filter(|_| memory.mib() < 12) {
            problems.at(place, "must be at least 12 MiB: two containers need 6 MiB each");
        }
    }

    fn check_launch(&self, problems: &Problems) {
        let Some(launch) = self.launch() else { return };
        // An override may choose another launch type than the one that the settings of all states are for.
        let launch_is_override = self.launch.place().is_some_and(Place::is_override);
        let pointless = |place: Option<&Place>, why: &str| {
            if let Some(place) = place.filter(|place| place.is_override() || !launch_is_override) {
                problems.at(place, why);
            }
        };
        if launch.is_fargate() {
            let why = "only for launch = \"ec2\" or \"external\"; on Fargate it is always awsvpc";
            pointless(self.network_mode.place(), why);
        }
        if launch == Launch::External {
            let why = "only behind a load balancer, which external machines cannot have";
            pointless(self.health_check_path.place(), why);
            pointless(self.health_check_grace_period_seconds.place(), why);
            pointless(self.deregistration_delay_seconds.place(), why);
            if self.network_mode.get() == Some(&NetworkMode::Awsvpc) {
                pointless(
                    self.network_mode.place(),
                    "external machines have no awsvpc; allowed are bridge or host",
                );
            }
        }
    }

    /// The settings, with defaults for what is not said and for what does not matter to the launch type.
    pub(super) fn resolve(self) -> Service {
        let default = Service::default();
        let launch = self.launch.into_value().unwrap_or(default.launch);
        let autoscaling = self.autoscaling.resolve();
        let desired_count = self.desired_count.into_value().unwrap_or(default.desired_count);
        Service {
            launch,
            cpu: self.cpu.into_value().unwrap_or(default.cpu),
            memory: self.memory.into_value().unwrap_or(default.memory),
            cpu_architecture: self.cpu_architecture.into_value().unwrap_or(default.cpu_architecture),
            desired_count: autoscaling.as_ref().map_or(desired_count, |scaling| {
                desired_count.clamp(scaling.min_capacity, scaling.max_capacity.max(scaling.min_capacity))
            }),
            health_check_path: self.health_check_path.into_value().unwrap_or(default.health_check_path),
            health_check_grace_period_seconds: self
                .health_check_grace_period_seconds
                .into_value()
                .unwrap_or(default.health_check_grace_period_seconds),
            deregistration_delay_seconds: self
                .deregistration_delay_seconds
                .into_value()
                .unwrap_or(default.deregistration_delay_seconds),
            enable_execute_command: self
                .enable_execute_command
                .into_value()
                .unwrap_or(default.enable_execute_command),
            network_mode: self.network_mode.into_value().filter(|_| !launch.is_fargate()),
            autoscaling,
        }
    }
}

impl AutoscalingDraft {
    fn check(&self, problems: &Problems, desired_count: &Setting<u32>) {
        let Some(place) = &self.place else { return };
        let missing = |key: &str, message: &str| {
            problems.add(Some(place.span.clone()), format!("{}.{key}", place.key), message);
        };
        if self.min_capacity.is_absent() {
            missing("min_capacity", "min_capacity is missing: the fewest tasks");
        }
        if self.max_capacity.is_absent() {
            missing("max_capacity", "max_capacity is missing: the most tasks");
        }
        if self.cpu_percent.is_absent() && self.memory_percent.is_absent() {
            missing("cpu_percent", "has no target: give cpu_percent or memory_percent");
        }
        let (Some(min), Some(max)) = (self.min_capacity.get(), self.max_capacity.get()) else { return };
        if min > max {
            if let Some(place) = nearest_override(&[self.min_capacity.place(), self.max_capacity.place()]) {
                problems.at(place, format!("min_capacity {min} is more than max_capacity {max}"));
            }
        } else if let Some(desired) =
            desired_count.field().filter(|desired| !(min..=max).contains(&&desired.value))
        {
            let places = [desired_count.place(), self.min_capacity.place(), self.max_capacity.place()];
            if let Some(place) = nearest_override(&places) {
                let message = format!(
                    "desired_count {} is not within min_capacity {min} and max_capacity {max}",
                    desired.value
                );
                problems.at(place, message);
            }
        }
    }

    fn resolve(self) -> Option<Autoscaling> {
        self.place?;
        Some(Autoscaling {
            min_capacity: self.min_capacity.into_value()?,
            max_capacity: self.max_capacity.into_value()?,
            cpu_percent: self.cpu_percent.into_value(),
            memory_percent: self.memory_percent.into_value(),
        })
    }
}

/// The place to show a problem of several settings at: the first that a single state has, else the first there is.
fn nearest_override<'p>(places: &[Option<&'p Place>]) -> Option<&'p Place> {
    let mut there = places.iter().flatten().copied();
    let first = there.clone().next();
    there.find(|place| place.is_override()).or(first)
}
