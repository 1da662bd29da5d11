// SPDX-License-Identifier: MIT OR Apache-2.0
//! As much of HTTP/1.1 as AWS clients and the emulators speak: whole messages, with or without a body.

use std::io::{self, BufRead, Read, Write};

/// A request or an answer, read to its end.
#[derive(Clone, Debug)]
pub struct Message {
    /// The first line.
    start: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// An answer to HEAD announces a length and has no body.
    bodiless: bool,
}

impl Message {
    /// The next request on a connection, or none at its end. Chunks are joined, and `100 Continue` is answered here.
    pub fn read_request(reader: &mut impl BufRead, client: &mut impl Write) -> io::Result<Option<Self>> {
        let Some(mut message) = Self::read_head(reader)? else { return Ok(None) };
        if message.header("Expect").is_some() {
            client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            message = message.without_header("Expect");
        }
        message.read_body(reader, false)?;
        Ok(Some(message))
    }

    /// The answer of a server that closes the connection after it.
    pub fn read_answer(reader: &mut impl BufRead, to_head: bool) -> io::Result<Self> {
        loop {
            let mut message = Self::read_head(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            match message.status() {
                Some(100..=199) => {} // an interim answer; the real one follows
                Some(204 | 304) => return Ok(message),
                _ if to_head => {
                    message.bodiless = true;
                    return Ok(message);
                }
                _ => {
                    message.read_body(reader, true)?;
                    return Ok(message);
                }
            }
        }
    }

    /// An answer made here.
    pub fn answer(status: u16, headers: &[(&str, &str)], body: Vec<u8>) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { start: format!("HTTP/1.1 {status} Fault"), headers, body, bodiless: false }
    }

    fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(start) = read_line(reader)? else { return Ok(None) };
        let mut headers = Vec::new();
        loop {
            let line = read_line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if line.is_empty() {
                return Ok(Some(Self { start, headers, body: Vec::new(), bodiless: false }));
            }
            let (name, value) = line.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    fn read_body(&mut self, reader: &mut impl BufRead, until_end: bool) -> io::Result<()> {
        let chunked =
            self.header("Transfer-Encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
        if chunked {
            self.body = read_chunks(reader)?;
            *self = self.without_header("Transfer-Encoding");
        } else if let Some(length) = self.header("Content-Length") {
            let length = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            self.body = vec![0; length];
            reader.read_exact(&mut self.body)?;
        } else if until_end {
            reader.read_to_end(&mut self.body)?;
        }
        Ok(())
    }

    /// Method, path and query of a request.
    pub fn request_line(&self) -> (&str, &str, &str) {
        let mut words = self.start.split(' ');
        let method = words.next().unwrap_or_default();
        let target = words.next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        (method, path, query)
    }

    /// Whether this is a HEAD request.
    pub fn is_head(&self) -> bool {
        self.request_line().0 == "HEAD"
    }

    /// Whether the client wants no more on this connection.
    pub fn ends_connection(&self) -> bool {
        self.header("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// The status of an answer.
    pub fn status(&self) -> Option<u16> {
        self.start.split(' ').nth(1)?.parse().ok()
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut changed = self.without_header(name);
        changed.headers.push((name.to_owned(), value.to_owned()));
        changed
    }

    pub fn without_header(&self, name: &str) -> Self {
        let mut changed = self.clone();
        changed.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        changed
    }

    /// The message with the first half of its body, as if it were all.
    pub fn half(&self) -> Self {
        let mut changed = self.clone();
        changed.body.truncate(self.body.len() / 2);
        changed
    }

    /// The message as it goes over the wire, its length announced.
    pub fn bytes(&self) -> Vec<u8> {
        let length = self.body.len().to_string();
        let request_without_body = self.body.is_empty() && !self.start.starts_with("HTTP/");
        let no_length = self.bodiless || request_without_body || matches!(self.status(), Some(204 | 304));
        let whole = if no_length { self.clone() } else { self.with_header("Content-Length", &length) };
        let mut head = format!("{}\r\n", whole.start);
        for (name, value) in &whole.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        // Latin-1 again, as it was read.
        let mut bytes: Vec<u8> = head.chars().map(|letter| u8::try_from(letter).unwrap_or(b'?')).collect();
        bytes.extend_from_slice(&whole.body);
        bytes
    }
}

/// One line without its end, or none at the end of the stream. Bytes above ASCII are read as Latin-1, as HTTP has it.
fn read_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if reader.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    while line.last().is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
        line.pop();
    }
    Ok(Some(line.into_iter().map(char::from).collect()))
}

fn read_chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
        if size == 0 {
            // Trailers, up to the empty line. AWS checksums of a chunked body travel inside it, not here.
            while read_line(reader)?.is_some_and(|line| !line.is_empty()) {}
            return Ok(body);
        }
        let read = reader.by_ref().take(size).read_to_end(&mut body)?;
        if read as u64 != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read_line(reader)?;
    }
}
