//! What the kernel says about this process.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Ticks per second in `/proc`: `USER_HZ`, which is 100 on every architecture this is built for.
const TICKS_PER_SECOND: f64 = 100.0;

/// Reads `/proc/self` at each scrape. Tells nothing where there is no `/proc`.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        if let Some(seconds) = cpu_seconds(&read("/proc/self/stat")) {
            let metric = ConstCounter::new(seconds);
            let told = encoder.encode_descriptor(
                "process_cpu_seconds",
                "Total user and system CPU time spent in seconds",
                None,
                metric.metric_type(),
            )?;
            metric.encode(told)?;
        }
        for (name, help, value) in gauges() {
            let metric = ConstGauge::new(value);
            let told = encoder.encode_descriptor(name, help, None, metric.metric_type())?;
            metric.encode(told)?;
        }
        Ok(())
    }
}

type Told = (&'static str, &'static str, f64);

fn gauges() -> Vec<Told> {
    let status = read("/proc/self/status");
    let values = [
        (
            "process_resident_memory_bytes",
            "Resident memory size in bytes",
            kibibytes(&status, "VmRSS:").map(|size| size * 1024.0),
        ),
        (
            "process_virtual_memory_bytes",
            "Virtual memory size in bytes",
            kibibytes(&status, "VmSize:").map(|size| size * 1024.0),
        ),
        (
            "process_open_fds",
            "Number of open file descriptors",
            fs::read_dir("/proc/self/fd")
                .ok()
                .and_then(|entries| u32::try_from(entries.count()).ok())
                .map(f64::from),
        ),
        (
            "process_max_fds",
            "Maximum number of open file descriptors",
            max_fds(&read("/proc/self/limits")),
        ),
        (
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds",
            start_time(&read("/proc/self/stat"), &read("/proc/stat")),
        ),
    ];
    values
        .into_iter()
        .filter_map(|(name, help, value)| Some((name, help, value?)))
        .collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The fields of [proc_pid_stat(5)](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html)
/// after the name, which may hold anything: the first is the state, number 3 of the page.
fn stat_field(stat: &str, number: usize) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(number - 3)?.parse().ok()
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    Some((stat_field(stat, 14)? + stat_field(stat, 15)?) / TICKS_PER_SECOND)
}

fn start_time(stat: &str, system: &str) -> Option<f64> {
    let boot = system
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?;
    let boot: f64 = boot.trim().parse().ok()?;
    Some(boot + stat_field(stat, 22)? / TICKS_PER_SECOND)
}

fn kibibytes(status: &str, field: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn max_fds(limits: &str) -> Option<f64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_may_hold_spaces_and_brackets() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4 1 0 0 0 250 50 0 0 20 0 9 0 1000 1 2";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(start_time(stat, "cpu 1\nbtime 500\n"), Some(510.0));
    }

    #[test]
    fn what_the_kernel_does_not_tell_is_not_told() {
        assert_eq!(cpu_seconds(""), None);
        assert_eq!(kibibytes("VmRSS:\t  12 kB\n", "VmRSS:"), Some(12.0));
        assert_eq!(kibibytes("", "VmRSS:"), None);
        assert_eq!(
            max_fds("Max open files            unlimited            524288  files"),
            None
        );
        assert_eq!(
            max_fds("Max open files            1024                 524288  files"),
            Some(1024.0)
        );
    }

    #[test]
    fn this_process_has_memory_and_files() {
        let told = gauges();
        assert_eq!(told.len(), 5, "{told:?}");
        assert!(told.iter().all(|(_, _, value)| *value > 0.0), "{told:?}");
    }
}
