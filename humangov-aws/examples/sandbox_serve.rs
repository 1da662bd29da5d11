// SPDX-License-Identifier: MIT OR Apache-2.0
//! Serves an empty sandbox over HTTP on a free port of 127.0.0.1 and prints its address, until it is stopped:
//! `cargo run -p humangov-aws --no-default-features --features sandbox --example sandbox_serve`.
#![expect(clippy::print_stdout, reason = "the address is what it is for")]

use humangov_aws::sandbox::Sandbox;
use tokio::net::TcpListener;

fn main() -> std::io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        Sandbox::new().serve(listener).await
    })
}
