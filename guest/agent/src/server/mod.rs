//! From a configuration to a serving agent: ports and sockets, their clients, and the calls these make.

pub mod discover;
pub mod dispatch;
pub mod log_stream;
pub mod port;
pub mod raw_console;
pub mod relay;
pub mod stream;
pub mod writer;

use std::fs::OpenOptions;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use crate::agent::{Agent, destroy, lifetime};
use crate::boot;
use crate::config::Config;
use crate::crun::Crun;
use crate::device::wait::Devices;
use crate::latch::Latch;
use crate::output_log::OutputLog;
use crate::pipe::null::NullDevices;
use crate::reaper::Reaper;
use crate::sandbox::Sandbox;
use crate::status::{Context, Result};
use crate::storage::Storages;
use crate::transport::address::Address;
use crate::transport::hello::Handshake;
use crate::transport::listen;
use crate::transport::poller::Poller;
use crate::transport::uevent::Uevents;
use crate::ttrpc::session::Sessions;

/// Serves until the agent is told to end.
pub fn run(config: Config) -> Result<()> {
    let cgroups = match config.init {
        true => true,
        false => boot::isolate::isolate()?,
    };
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context(|| "runtime")?;
    LocalSet::new().block_on(&runtime, serve(config, cgroups))
}

async fn serve(config: Config, cgroups: bool) -> Result<()> {
    let agent = Rc::new(assemble(config, cgroups)?);
    if let Some(uevents) = &agent.devices.uevents {
        discover::start(&agent, uevents.clone());
        crate::debug!("phase ports open");
        // Hosts that wait already are answered before the rest is made ready.
        tokio::task::yield_now().await;
        boot::late();
    } else {
        let reaps = Some(rustix::process::getpid());
        rustix::process::set_child_subreaper(reaps).context(|| "become a subreaper")?;
    }
    prepare_files(&agent)?;
    if agent.config.log_disk.is_some() {
        tokio::task::spawn_local(attach_log_disk(agent.clone()));
    }
    tokio::task::spawn_local(lifetime::keep(agent.clone()));
    listen_all(&agent)?;
    agent.booted.set();
    crate::debug!("phase booted");
    if agent.config.init {
        return std::future::pending().await;
    }
    let mut terminate = signal(SignalKind::terminate()).context(|| "signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context(|| "signals")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    destroy::destroy_sandbox(&agent).await;
    Ok(())
}

/// An agent that doesn't serve yet. Must be called inside the runtime.
pub fn assemble(config: Config, cgroups: bool) -> Result<Agent> {
    let crun = Crun {
        program: config.crun.clone(),
        root: config.run_dir.join(".crun"),
        cgroups,
        reaper: Reaper::start().context(|| "signals")?,
        nulls: NullDevices::default(),
    };
    let devices = Rc::new(Devices {
        uevents: match config.init {
            true => Some(Uevents::start().context(|| "uevents")?),
            false => None,
        },
        limit: config.hotplug_timeout,
    });
    let storages = Storages::new(devices.clone(), config.run_dir.join("watchable"));
    Ok(Agent {
        crun,
        sandbox: Sandbox::new(storages),
        handshake: Handshake::default(),
        poller: Poller::start().context(|| "epoll")?,
        devices,
        output_log: Rc::new(OutputLog::new(config.log_disk.is_some())),
        sessions: Sessions::default(),
        oom: Rc::default(),
        booted: Latch::default(),
        ending: Latch::default(),
        config,
    })
}

fn prepare_files(agent: &Agent) -> Result<()> {
    let folder = &agent.config.run_dir;
    std::fs::create_dir_all(folder).context(|| format!("create {}", folder.display()))?;
    if let Some(path) = &agent.config.log_port {
        let file = OpenOptions::new().append(true).create(true).open(path);
        agent
            .output_log
            .attach_file(file.context(|| format!("open {}", path.display()))?);
    }
    Ok(())
}

async fn attach_log_disk(agent: Rc<Agent>) {
    if let Some(disk) = &agent.config.log_disk {
        let node = disk.node(&agent.devices).await;
        agent.output_log.attach_disk(node).await;
        crate::debug!("phase log disk");
    }
}

fn listen_all(agent: &Rc<Agent>) -> Result<()> {
    let config = &agent.config;
    for address in &config.addresses {
        let clients = agent.clone();
        listen_on(address, config.init, move |socket| {
            tokio::task::spawn_local(stream::serve(clients.clone(), socket));
        })?;
    }
    if let Some(address) = &config.log_address {
        listen_on(address, config.init, |socket| {
            tokio::task::spawn_local(log_stream::serve(socket));
        })?;
    }
    if let Some(address) = &config.console_address {
        let reaper = agent.crun.reaper.clone();
        listen_on(address, config.init, move |socket| {
            tokio::task::spawn_local(raw_console::serve(reaper.clone(), socket));
        })?;
    }
    Ok(())
}

fn listen_on(address: &Address, init: bool, take: impl Fn(OwnedFd) + 'static) -> Result<()> {
    match listen::open(address) {
        Ok(Some(listener)) => {
            tokio::task::spawn_local(async move {
                if let Err(error) = listen::serve(listener, take).await {
                    crate::warning!("listen: {error}");
                }
            });
        }
        Ok(None) => crate::debug!("{address:?}: this machine has no such sockets"),
        // A guest can be reached through its ports all the same.
        Err(error) if init => crate::warning!("listen on {address:?}: {error}"),
        Err(error) => return Err(error).context(|| format!("listen on {address:?}")),
    }
    Ok(())
}
