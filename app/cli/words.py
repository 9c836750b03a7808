"""The first words of the command line: what each is for, and which module has the rest of it."""

MODULES: dict[str, dict[str, str]] = {
    "databases.connections": {"connections": "servers that you keep by name"},
    "settings": {"settings": "what you may set, and where it comes from"},
    "databases.database": {"db": "create or check a database"},
    "databases.own_database": {
        "backup": "write the program's own database into one file, while it is in use",
        "restore": "have the program's own database hold what a backup holds",
    },
    "configuration.commands": {"config": "classifiers, rules and permissions"},
    "pulling.oms": {
        "pull": "bring in once what OMS has changed",
        "simulate": "stand in for a server, on loopback",
    },
    "pulling.puller": {
        "puller": "pull, seal and do what belongs to it, without a window, until SIGTERM or Ctrl-C"
    },
    "certification.wishes": {"wishes": "what people asked pullers for"},
    "certification.runs": {"runs": "list, show and change runs"},
    "certification.datasets": {"datasets": "the offline datasets of the runs"},
    "certification.cycles": {"cycles": "datasets to certify until a deadline"},
    "certification.second_eyes": {"verify": "what a second person verified"},
    "certification.todo": {"todo": "what is left to do in the certification"},
    "certification.notes": {"notes": "notes on runs, datasets and lumisections"},
    "pulling.dqm_gui": {"dqm-gui": "what the DQM GUI has"},
    "pulling.evidence": {
        "evidence": (
            "addresses of a dataset's histograms in the DQM GUI, and the pictures with --save"
        ),
    },
    "certification.lumisections": {"lumisections": "flags and DCS bits by lumisection"},
    "history.changes": {"history": "who changed a run, a dataset or some cells"},
    "history.log": {"log": "what was done, the newest first"},
    "history.undo": {"undo": "undo a version by writing a new one"},
    "golden.lists": {"golden": "lists of good lumisections"},
    "golden.luminosity": {"luminosity": "luminosity per lumisection"},
    "reports": {"report": "reports as pages: HTML, or PDF with Qt"},
    "agents.commands": {"agent": "agents and their proposals"},
    "rights.guard": {"whoami": "who acts here, and whether that is proved"},
    "rights.people": {
        "people": "logins that stand for persons",
        "logins": "logins that stand for no person",
        "egroups": "e-groups as roles of the server",
    },
    "databases.seal": {"seal": "prove that the history is unaltered"},
    "door": {"serve": "answer over HTTP what the scripts of the web service ask for"},
    "links": {"open": "show what a link leads to in the window that is open, else in a new one"},
    "notifications": {"notifications": "what others did that concerns you; mail and webhook"},
    "licences": {"licences": "the licences of the program and of all that it is made with"},
}

HELP = {word: text for words in MODULES.values() for word, text in words.items()}
