// SPDX-License-Identifier: MIT OR Apache-2.0
//! A counting and fault layer on the wire, between an AWS client and an emulator.
//!
//! It names each request as AWS does (service and operation), records it, and can answer it with an error in the wire
//! shape of the service, lose it, or lose only its answer. It works on any client: ours, our command's, boto3.

mod fault;
mod operation;
mod wire;

use std::io::{self, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::RangeInclusive;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub use fault::Fault;

use crate::emulator::Emulator;
use operation::Operation;
use wire::Message;

/// One request that reached the proxy. Its place in [`Proxy::calls`] is the order of arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Short name of the service: `ecs`, `elbv2`, `s3`, ..
    pub service: &'static str,
    /// Name of the operation in the AWS API, `Unknown` if the proxy could not tell.
    pub operation: String,
    /// Whether the operation changes something, judged by its name.
    pub write: bool,
    /// HTTP status that the client got; none while the call runs, and none when the answer was lost.
    pub status: Option<u16>,
    /// Whether the emulator got the request.
    pub forwarded: bool,
}

impl Call {
    /// Service and operation, as in `ecs.DescribeServices`.
    pub fn key(&self) -> String {
        format!("{}.{}", self.service, self.operation)
    }
}

/// The proxy, listening on a free port of 127.0.0.1 until dropped.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    state: Mutex<State>,
    held: Condvar,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<Call>,
    rules: Vec<Rule>,
    /// Calls that [`Fault::Hold`] keeps waiting.
    holding: usize,
    /// Grows with each release, so that a call waits for the next one and not for an earlier one.
    releases: usize,
    stopped: bool,
}

#[derive(Debug)]
struct Rule {
    matches: Matches,
    numbers: RangeInclusive<usize>,
    seen: usize,
    fault: Fault,
}

#[derive(Debug)]
enum Matches {
    Writes,
    Key(String),
}

impl Proxy {
    /// Starts a proxy in front of `emulator`.
    pub fn start(emulator: &Emulator) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let upstream = emulator.url().trim_start_matches("http://").to_owned();
        let shared = Arc::new(Shared { upstream, state: Mutex::default(), held: Condvar::new() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if accepting.lock().stopped {
                    break;
                }
                let shared = Arc::clone(&accepting);
                // Ends with the connection. An error on the wire is the client's to see.
                thread::spawn(move || client.and_then(|client| shared.serve(&client)));
            }
        });
        Self { shared, address }
    }

    /// The endpoint to give to a client.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every call so far, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.clone()
    }

    /// The keys of the writes so far, in order of arrival.
    pub fn writes(&self) -> Vec<String> {
        self.shared.lock().calls.iter().filter(|call| call.write).map(Call::key).collect()
    }

    /// Puts `fault` on the `number`-th write from now on (the first is 1).
    pub fn fail_nth_write(&self, number: usize, fault: Fault) {
        self.add_rule(Matches::Writes, number..=number, fault);
    }

    /// Puts `fault` on these writes from now on: a range, because clients retry (`n..=usize::MAX` for all).
    pub fn fail_writes(&self, numbers: RangeInclusive<usize>, fault: Fault) {
        self.add_rule(Matches::Writes, numbers, fault);
    }

    /// Puts `fault` on these calls of one operation (`ecs.CreateService`) from now on; the first is 1.
    pub fn fail(&self, key: &str, numbers: RangeInclusive<usize>, fault: Fault) {
        self.add_rule(Matches::Key(key.to_owned()), numbers, fault);
    }

    /// Forgets all calls and faults, and lets go of held calls.
    pub fn clear(&self) {
        let mut state = self.shared.lock();
        state.calls.clear();
        state.rules.clear();
        drop(state);
        self.release();
    }

    /// Waits until a call is held by [`Fault::Hold`]; whether one was before `limit` passed.
    pub fn wait_until_held(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.shared.lock();
        while state.holding == 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.shared.held.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Lets held calls go on.
    pub fn release(&self) {
        self.shared.lock().releases += 1;
        self.shared.held.notify_all();
    }

    fn add_rule(&self, matches: Matches, numbers: RangeInclusive<usize>, fault: Fault) {
        self.shared.lock().rules.push(Rule { matches, numbers, seen: 0, fault });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.release();
        // Wakes the accepting thread, which then sees that it is to stop.
        TcpStream::connect(self.address).ok();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one client connection until either side ends it.
    fn serve(&self, mut client: &TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let mut reader = BufReader::new(client);
        while let Some(request) = Message::read_request(&mut reader, &mut client)? {
            let operation = Operation::of(&request);
            let (call, fault) = self.record(&operation);
            let Some(answer) = self.answer(&request, &operation, call, fault)? else {
                return client.shutdown(Shutdown::Both);
            };
            let mut state = self.lock();
            // Not there any more if the log was cleared in the meantime.
            if let Some(call) = state.calls.get_mut(call) {
                call.status = answer.status();
            }
            drop(state);
            client.write_all(&answer.bytes())?;
            if request.ends_connection() {
                return client.shutdown(Shutdown::Both);
            }
        }
        Ok(())
    }

    /// Writes the call down; its place in the log, and the fault it is to meet.
    fn record(&self, operation: &Operation) -> (usize, Option<Fault>) {
        let call = Call {
            service: operation.service,
            operation: operation.name.clone(),
            write: operation.is_write(),
            status: None,
            forwarded: false,
        };
        let key = call.key();
        let mut state = self.lock();
        let mut fault = None;
        for rule in &mut state.rules {
            let matches = match &rule.matches {
                Matches::Writes => call.write,
                Matches::Key(wanted) => *wanted == key,
            };
            rule.seen += usize::from(matches);
            if matches && fault.is_none() && rule.numbers.contains(&rule.seen) {
                fault = Some(rule.fault.clone());
            }
        }
        state.calls.push(call);
        (state.calls.len() - 1, fault)
    }

    /// The answer for the client, or none when the connection is to break without one.
    fn answer(
        &self,
        request: &Message,
        operation: &Operation,
        call: usize,
        fault: Option<Fault>,
    ) -> io::Result<Option<Message>> {
        Ok(match fault {
            None => Some(self.forward(request, call)?),
            Some(Fault::Delay(time)) => {
                thread::sleep(time);
                Some(self.forward(request, call)?)
            }
            Some(Fault::LoseRequest) => None,
            Some(Fault::LoseAnswer) => {
                self.forward(request, call)?;
                None
            }
            Some(Fault::HalfAnswer) => Some(self.forward(request, call)?.half()),
            Some(Fault::Hold { forward }) => {
                if forward {
                    self.forward(request, call)?;
                }
                self.hold();
                None
            }
            Some(fault) => Some(fault.answer(operation, request.is_head())),
        })
    }

    fn hold(&self) {
        let mut state = self.lock();
        state.holding += 1;
        self.held.notify_all();
        let before = state.releases;
        while state.releases == before {
            state = self.held.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.holding -= 1;
    }

    /// Has the emulator execute the request, on a connection of its own.
    fn forward(&self, request: &Message, call: usize) -> io::Result<Message> {
        if let Some(call) = self.lock().calls.get_mut(call) {
            call.forwarded = true;
        }
        let mut upstream = TcpStream::connect(&self.upstream)?;
        upstream.set_nodelay(true)?;
        upstream.write_all(&request.with_header("Connection", "close").bytes())?;
        let answer = Message::read_answer(&mut BufReader::new(upstream), request.is_head())?;
        Ok(answer.without_header("Connection"))
    }
}
