// SPDX-License-Identifier: MIT OR Apache-2.0
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::fargate_size;

/// The table as AWS prints it, written out apart from the code: CPU units and MiB.
const TABLE: [(u32, &[u32]); 7] = [
    (256, &[512, 1024, 2048]),
    (512, &[1024, 2048, 3072, 4096]),
    (1024, &[2048, 3072, 4096, 5120, 6144, 7168, 8192]),
    (2048, &[4096, 5120, 6144, 7168, 8192, 9216, 10240, 11264, 12288, 13312, 14336, 15360, 16384]),
    (
        4096,
        &[
            8192, 9216, 10240, 11264, 12288, 13312, 14336, 15360, 16384, 17408, 18432, 19456, 20480, 21504,
            22528, 23552, 24576, 25600, 26624, 27648, 28672, 29696, 30720,
        ],
    ),
    (8192, &[16384, 20480, 24576, 28672, 32768, 36864, 40960, 45056, 49152, 53248, 57344, 61440]),
    (16384, &[32768, 40960, 49152, 57344, 65536, 73728, 81920, 90112, 98304, 106_496, 114_688, 122_880]),
];

fn message(cpu: u32, memory: u32) -> String {
    FargateSize::new(Cpu::from_units(cpu), Memory::from_mib(memory)).unwrap_err().to_string()
}

#[test]
fn exactly_the_sizes_of_the_aws_table_exist() {
    let expected: Vec<(u32, u32)> =
        TABLE.iter().flat_map(|(cpu, memory)| memory.iter().map(|mib| (*cpu, *mib))).collect();
    let all: Vec<(u32, u32)> =
        FargateSize::all().map(|size| (size.cpu().units(), size.memory().mib())).collect();
    assert_eq!(all, expected);
    for cpu in (0..=65_536).step_by(128) {
        for memory in (0..=262_144).step_by(256) {
            let exists = FargateSize::new(Cpu::from_units(cpu), Memory::from_mib(memory)).is_ok();
            assert_eq!(exists, expected.contains(&(cpu, memory)), "{cpu} {memory}");
        }
    }
}

#[test]
fn every_cpu_of_fargate_allows_some_memory_and_no_other_does() {
    assert_eq!(Cpu::FARGATE.map(Cpu::units).to_vec(), TABLE.map(|(cpu, _)| cpu).to_vec());
    for cpu in Cpu::FARGATE {
        assert!(FargateSize::allowed_memory(cpu).is_sorted());
    }
    for units in [0, 1, 128, 257, 768, 32_768, u32::MAX] {
        assert_eq!(FargateSize::allowed_memory(Cpu::from_units(units)).count(), 0, "{units}");
    }
}

#[test]
fn the_words_of_an_error_say_what_the_table_says() {
    for cpu in Cpu::FARGATE {
        let memory: Vec<Memory> = FargateSize::allowed_memory(cpu).collect();
        let (first, last) = (memory[0], memory[memory.len() - 1]);
        let words = if memory.len() <= 4 {
            let others: Vec<_> = memory[..memory.len() - 1].iter().map(Memory::to_string).collect();
            format!("{} or {last}", others.join(", "))
        } else {
            let step = memory[1].mib() - memory[0].mib();
            assert!(memory.windows(2).all(|pair| pair[1].mib() - pair[0].mib() == step));
            format!("{first} to {last} in steps of {}", Memory::from_mib(step))
        };
        let end = format!("; {cpu} allows {words}");
        assert!(message(cpu.units(), 1).ends_with(&end), "{}", message(cpu.units(), 1));
    }
    let all: Vec<_> = Cpu::FARGATE.iter().map(|cpu| cpu.to_string().replace(" vCPU", "")).collect();
    let end = format!("; allowed are {} or {} vCPU", all[..6].join(", "), all[6]);
    assert!(message(1, 1024).ends_with(&end), "{}", message(1, 1024));
}

#[test]
fn an_error_tells_which_half_is_wrong() {
    assert_eq!(
        message(512, 8192),
        "Fargate has no 0.5 vCPU with 8 GB; 0.5 vCPU allows 1 GB, 2 GB, 3 GB or 4 GB"
    );
    assert_eq!(message(1, 512), "Fargate has no 1 CPU unit; allowed are 0.25, 0.5, 1, 2, 4, 8 or 16 vCPU");
    let error = FargateSize::new(Cpu::from_units(512), Memory::from_mib(8192)).unwrap_err();
    assert_eq!((error.kind(), error.code()), (InvalidFargateSizeKind::Memory, "size.fargate_memory"));
    assert_eq!((error.cpu(), error.memory()), (Cpu::from_units(512), Memory::from_mib(8192)));
    let error = FargateSize::new(Cpu::from_units(32_768), Memory::from_mib(61_440)).unwrap_err();
    assert_eq!((error.kind(), error.code()), (InvalidFargateSizeKind::Cpu, "size.fargate_cpu"));
}

#[test]
fn literals_are_sizes() {
    const SIZE: FargateSize = FargateSize::of(256, 512);
    assert_eq!(SIZE.to_string(), "0.25 vCPU, 512 MiB");
    assert_eq!(fargate_size!(16_384, 122_880).to_string(), "16 vCPU, 120 GB");
}

#[test]
fn cpu_is_read_as_people_write_it() {
    let units = |text: &str| text.parse::<Cpu>().map(Cpu::units).map_err(|error| error.kind());
    for (text, expected) in [
        ("0.5 vCPU", 512),
        ("0.25", 256),
        ("512", 512),
        ("1 vCPU", 1024),
        ("1.0", 1024),
        ("2vcpu", 2048),
        (" 16 VCPU ", 16_384),
        ("0.50000000000000000 vCPU", 512),
        ("0.0009765625 vCPU", 1),
        ("100 CPU units", 100),
        ("1", 1),
        ("0", 0),
    ] {
        assert_eq!(units(text), Ok(expected), "{text:?}");
    }
    for text in
        ["", "vCPU", ".5", "5.", "1.2.3", "-1", "+1", "1e3", "1,024", "half", "1 GB", "1 GHz", "0x10", "１"]
    {
        assert_eq!(units(text), Err(ParseSizeErrorKind::Malformed), "{text:?}");
    }
    for text in ["0.3", "0.00000000000001 vCPU", "0.00048828125 vCPU"] {
        assert_eq!(units(text), Err(ParseSizeErrorKind::NotWhole), "{text:?}");
    }
    for text in ["4294967296", "4194304 vCPU", "99999999999999999999999"] {
        assert_eq!(units(text), Err(ParseSizeErrorKind::TooLarge), "{text:?}");
    }
}

#[test]
fn memory_is_read_as_people_write_it() {
    let mib = |text: &str| text.parse::<Memory>().map(Memory::mib).map_err(|error| error.kind());
    for (text, expected) in [
        ("1 GB", 1024),
        ("1GB", 1024),
        ("1 gib", 1024),
        ("1024 MiB", 1024),
        ("1024mb", 1024),
        ("1024", 1024),
        ("0.5 GB", 512),
        ("1.5GiB", 1536),
    ] {
        assert_eq!(mib(text), Ok(expected), "{text:?}");
    }
    assert_eq!(mib("0.5"), Err(ParseSizeErrorKind::NotWhole));
    assert_eq!(mib("1 TB"), Err(ParseSizeErrorKind::Malformed));
    assert_eq!(mib("1 vCPU"), Err(ParseSizeErrorKind::Malformed));
    assert_eq!(mib("4194304 GB"), Err(ParseSizeErrorKind::TooLarge));
}

#[test]
fn a_text_that_is_no_size_is_answered_with_examples() {
    let cpu = |text: &str| text.parse::<Cpu>().unwrap_err().to_string();
    let memory = |text: &str| text.parse::<Memory>().unwrap_err().to_string();
    assert_eq!(cpu("half"), r#""half" is not an amount of CPU; write "0.5 vCPU" or 512 (CPU units)"#);
    assert_eq!(cpu("0.3"), r#""0.3" is not a whole number of CPU units (1024 are one vCPU)"#);
    assert_eq!(memory("lots"), r#""lots" is not an amount of memory; write "1 GB", "512 MiB" or 1024 (MiB)"#);
    assert_eq!(memory("4194304 GB"), r#""4194304 GB" is more than 4294967295 MiB"#);
}

#[test]
fn amounts_are_recorded_as_whole_numbers_and_read_from_text_too() {
    let size = fargate_size!(512, 1024);
    assert_eq!(serde_json::to_value(size).unwrap(), json!({"cpu": 512, "memory": 1024}));
    for value in [json!({"cpu": 512, "memory": 1024}), json!({"cpu": "0.5 vCPU", "memory": "1 GB"})] {
        assert_eq!(serde_json::from_value::<FargateSize>(value).unwrap(), size);
    }
}

#[test]
fn what_is_read_is_checked() {
    let error = |value| serde_json::from_value::<FargateSize>(value).unwrap_err().to_string();
    assert_eq!(error(json!({"cpu": 512, "memory": 8192})), message(512, 8192));
    assert_eq!(error(json!({"cpu": 512})), "missing field `memory`");
    assert_eq!(
        error(json!({"cpu": 0.5, "memory": 1024})),
        "invalid type: floating point `0.5`, expected CPU units such as 512, or text such as \"0.5 vCPU\""
    );
    assert_eq!(
        error(json!({"cpu": 512, "memory": -1})),
        "invalid value: integer `-1`, expected MiB such as 1024, or text such as \"1 GB\""
    );
    assert!(error(json!({"cpu": 4_294_967_296_u64, "memory": 1024})).starts_with("invalid value"));
}

proptest! {
    #[test]
    fn what_is_displayed_is_read_back(amount in any::<u32>(), quarters in 0_u32..10_000) {
        for amount in [amount, quarters * 256] {
            let (cpu, memory) = (Cpu::from_units(amount), Memory::from_mib(amount));
            prop_assert_eq!(cpu.to_string().parse(), Ok(cpu));
            prop_assert_eq!(memory.to_string().parse(), Ok(memory));
        }
    }

    #[test]
    fn no_text_panics(text in "[0-9.]{0,30}.{0,8}") {
        let _ = text.parse::<Cpu>().map_err(|error| error.to_string());
        let _ = text.parse::<Memory>().map_err(|error| error.to_string());
    }
}
