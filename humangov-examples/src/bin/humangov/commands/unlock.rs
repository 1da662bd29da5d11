// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov unlock`: tells who holds the lock of a state, and breaks it by force.

use super::{
    planning::open_at,
    running::consent,
    standing::{holder, lock_document, stack_named},
    telling::tell_next,
};
use crate::{
    cli::{Global, Unlock},
    exit::Exit,
    output::{Failure, Output, WARN, document},
    session::Site,
};
use humangov_core::{clock::Clock, store::Lock};
use serde_json::json;

/// Tells who holds the lock; with `--force` breaks it.
pub async fn run(args: &Unlock, global: &Global, output: Output) -> Result<Exit, Failure> {
    let site = Site::find(global, args.fleet.fleet.as_ref())?;
    let session = open_at(global, &site, output).await?;
    let stack = stack_named(&args.stack)?;
    let lock = session.store.lock_of(&stack, Clock::system().now()).await?;
    let held = lock.as_ref().filter(|lock| lock.info.is_some());
    let tell = |broken: bool| {
        document(json!({ "stack": stack, "lock": lock.as_ref().map(lock_document), "broken": broken }))
    };
    let Some(lock) = held else {
        output.result(&format!("Nobody holds the lock of {stack}."), || tell(false))?;
        return Ok(Exit::Ok);
    };
    let state = if lock.stale {
        "They are gone: the next command takes the lock over by itself.".to_owned()
    } else {
        format!("It lasts until {:.0} unless they renew it.", lock.expires)
    };
    let told = format!("{stack} is locked{}\n{state}", holder(lock));
    if !args.force {
        output.result(&told, || tell(false))?;
        if lock.is_held() {
            tell_next(output, &[(global.line("unlock --force", [stack.as_str()]), "breaks the lock")]);
        }
        return Ok(if lock.is_held() { Exit::Locked } else { Exit::Ok });
    }
    output.note(&told);
    output.note(&warning(lock));
    consent(output, args.consent.yes, &format!("Break this lock? Type {stack}:"), stack.as_str())?;
    let broken = session.store.break_lock(&stack, Clock::system().now()).await?;
    let text = match broken {
        Some(info) => format!("Broke the lock of {stack}: {} holds it no more.", info.holder),
        None => format!("Nobody holds the lock of {stack} any more."),
    };
    output.result(&text, || tell(true))?;
    tell_next(output, &[(global.line("recover", [stack.as_str()]), "brings what they had begun to its end")]);
    Ok(Exit::Ok)
}

/// What breaking a lock means.
fn warning(lock: &Lock) -> String {
    if lock.stale {
        return String::new();
    }
    format!(
        "{WARN}If they still work:{WARN:#} they can record nothing more, and call AWS no more once they notice.\n\
         A call that is on its way is not taken back; whoever recovers the run looks what became of it."
    )
}
