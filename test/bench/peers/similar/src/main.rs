//! A worker around `similar`: two strings in memory to a unified diff with 3
//! lines of context in a String.  The requests are those of worker.h.

use similar::{Algorithm, TextDiff};
use std::io::{self, BufRead, Write};

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
}

/// Processor time of the thread, as in worker.h; std has no clock for it.
fn now() -> i64 {
    const CLOCK_THREAD_CPUTIME_ID: i32 = 3;
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    unsafe { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.seconds * 1_000_000_000 + time.nanoseconds
}

fn diff(old: &str, new: &str, algorithm: Algorithm) -> String {
    TextDiff::configure()
        .algorithm(algorithm)
        .diff_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .header("before", "after")
        .to_string()
}

fn algorithm(name: &str) -> Algorithm {
    match name {
        "patience" => Algorithm::Patience,
        "lcs" => Algorithm::Lcs,
        _ => Algorithm::Myers,
    }
}

fn main() -> io::Result<()> {
    let list = std::env::args().nth(1).expect("usage: similar_worker LIST");
    let mut pairs = Vec::new();
    for line in std::fs::read_to_string(list)?.lines() {
        let (old, new) = line.split_once('\t').expect("two paths a line");
        pairs.push((std::fs::read_to_string(old)?, std::fs::read_to_string(new)?));
    }
    let mut out = io::stdout();
    writeln!(out, "ready {}", pairs.len())?;
    out.flush()?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let (old, new) = &pairs[words[1].parse::<usize>().unwrap()];
        if words[0] == "run" {
            let calls: u32 = words[2].parse().unwrap();
            let warmup: u32 = words[3].parse().unwrap();
            let which = algorithm(words[4]);
            for _ in 0..warmup {
                std::hint::black_box(diff(old, new, which));
            }
            let mut len = 0;
            let start = now();
            for _ in 0..calls {
                len = std::hint::black_box(diff(old, new, which)).len();
            }
            let ns = (now() - start) as f64 / f64::from(calls);
            writeln!(out, "ok {:.1} {} -1", ns, len)?;
        } else {
            let text = diff(old, new, algorithm(words[2]));
            std::fs::write(words[3], &text)?;
            writeln!(out, "ok {} -1", text.len())?;
        }
        out.flush()?;
    }
    Ok(())
}
