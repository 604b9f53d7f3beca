//! From a configuration to a serving agent.

use std::fs::OpenOptions;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use crate::agent::Agent;
use crate::boot;
use crate::cgroup::oom::OomEvents;
use crate::config::Config;
use crate::crun::Crun;
use crate::flag::Flag;
use crate::log_port::LogPort;
use crate::log_tail;
use crate::process::raw_console;
use crate::process::reaper::Reaper;
use crate::sandbox::Sandbox;
use crate::service::agent::destroy_sandbox;
use crate::status::{Context, Result};
use crate::transport::address::Address;
use crate::transport::hello::Handshake;
use crate::transport::poller::Poller;
use crate::transport::uevent::Uevents;
use crate::transport::{discover, listen, stream};

/// Serves until the agent is told to end.
pub fn run(config: Config) -> Result<()> {
    let cgroups = match config.init {
        true => true,
        false => boot::host::isolate()?,
    };
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context(|| "runtime")?;
    LocalSet::new().block_on(&runtime, serve(config, cgroups))
}

async fn serve(config: Config, cgroups: bool) -> Result<()> {
    let agent = Rc::new(assemble(config, cgroups)?);
    if let Some(uevents) = &agent.uevents {
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
    destroy_sandbox::clean_up(&agent).await;
    Ok(())
}

/// An agent that doesn't serve yet. Must be called inside the runtime.
pub fn assemble(config: Config, cgroups: bool) -> Result<Agent> {
    let crun = Crun {
        program: config.crun.clone(),
        root: config.run_dir.join(".crun"),
        cgroups,
        reaper: Reaper::start().context(|| "signals")?,
    };
    let uevents = match config.init {
        true => Some(Uevents::start().context(|| "uevents")?),
        false => None,
    };
    Ok(Agent {
        config,
        crun,
        sandbox: Sandbox::default(),
        handshake: Handshake::default(),
        poller: Poller::start().context(|| "epoll")?,
        uevents,
        log_port: LogPort::default(),
        oom: OomEvents::default(),
        booted: Flag::default(),
        ending: Flag::default(),
    })
}

fn prepare_files(agent: &Agent) -> Result<()> {
    let folder = &agent.config.run_dir;
    std::fs::create_dir_all(folder).context(|| format!("create {}", folder.display()))?;
    if let Some(path) = &agent.config.log_port {
        let file = OpenOptions::new().append(true).create(true).open(path);
        agent
            .log_port
            .attach_file(file.context(|| format!("open {}", path.display()))?);
    }
    Ok(())
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
            tokio::task::spawn_local(log_tail::serve(socket));
        })?;
    }
    if let Some(address) = &config.console_address {
        let clients = agent.clone();
        listen_on(address, config.init, move |socket| {
            tokio::task::spawn_local(raw_console::serve(clients.clone(), socket));
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
