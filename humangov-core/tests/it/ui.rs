// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must not compile, and what the compiler says then.

#[test]
fn mistakes_are_refused_with_readable_words() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
