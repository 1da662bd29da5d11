//! The `humangov` command.
fn main() {}
