//! A server on this machine that behaves, or does not.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What is answered to a request.
#[derive(Clone)]
pub(in crate::data::fetch) enum Reply {
    Whole(Vec<u8>),
    /// The same, without a word of how many bytes there are.
    Unannounced(Vec<u8>),
    /// Fewer bytes than announced, then the connection ends.
    Short(Vec<u8>),
    /// Fewer bytes than announced, then silence.
    Stalled(Vec<u8>),
    /// What is asked for of it, as servers do that know of ranges; no more than so many bytes of that, then the connection ends.
    Ranged(Vec<u8>, usize),
    Missing,
    Silence,
}

pub(in crate::data::fetch) struct Server {
    pub(in crate::data::fetch) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers every request by what `reply` makes of its path.
    pub(in crate::data::fetch) fn start(reply: impl Fn(&str) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (path, from) = request(&stream);
                heard.lock().unwrap().push(path.clone());
                let reply = reply(&path);
                thread::spawn(move || answer(stream, reply, from));
            }
        });
        Self { url, requests }
    }

    /// The paths that were asked for.
    pub(in crate::data::fetch) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// The path that is asked for, and the byte from which on.
fn request(stream: &TcpStream) -> (String, Option<usize>) {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let path = head.first().and_then(|line| line.split(' ').nth(1));
    let range =
        head.iter().find_map(|line| line.to_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
    let from = range.and_then(|range| range.strip_suffix('-')?.parse().ok());
    (path.unwrap_or_default().to_owned(), from)
}

/// Writes what it can: the other side may have hung up.
fn answer(mut stream: TcpStream, reply: Reply, from: Option<usize>) {
    let head = |status: &str, length: usize| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
    };
    let (head, body, hold) = match reply {
        Reply::Whole(body) => (head("200 OK", body.len()), body, false),
        Reply::Unannounced(body) => ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_owned(), body, false),
        Reply::Short(body) => (head("200 OK", body.len() + 5), body, false),
        Reply::Stalled(body) => (head("200 OK", body.len() + 5), body, true),
        Reply::Ranged(body, most) => {
            let status = if from.is_some() { "206 Partial Content" } else { "200 OK" };
            let rest = body[from.unwrap_or(0)..].to_vec();
            (head(status, rest.len()), rest[..most.min(rest.len())].to_vec(), false)
        }
        Reply::Missing => (head("404 Not Found", 0), Vec::new(), false),
        Reply::Silence => (String::new(), Vec::new(), true),
    };
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&body);
    if hold {
        thread::sleep(Duration::from_secs(30));
    }
}
