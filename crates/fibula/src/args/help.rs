//! What `--help` says below the options: a paragraph is one line, which clap breaks for the screen; what
//! is set in fits 80 columns.

pub(crate) const TRACE_HELP: &str = "\
FROM and TO are names as you say them: web, shop/web, deploy/web, pod/web-0, node/n1, 10.0.0.7, \
web.shop.svc, world, c1-1 (a container). TO needs a :PORT unless one alone is declared: a number \
(8080), with its protocol if that is not TCP (53/UDP), or the name of a declared port (http).

Examples:
  fibula trace -f @k1 c1-1 p2:8080
  fibula trace -f deploy/ frontend cart:7070
  fibula trace -f deploy/ world node/n1:30080
  fibula trace -f @kube -n shop web 10.0.2.5:5432
  fibula trace -f cluster.json --overlay deploy/ frontend cart:7070";

pub(crate) const WHY_HELP: &str = "\
FROM and TO are as `trace` takes them. Changes are of these kinds: one peer in one rule, one rule in \
one policy, a new policy, one label, one port; of each the one that opens least besides. Each was \
applied to the model and asked the same; what else it opens or closes is said.

--patch N prints a diff of the files that were read, a manifest, or commands:
  fibula why … --patch 1 | git apply
  fibula why … --patch 2 | kubectl apply -f -

Exit codes: 0 it works, 1 it does not, 2 cannot run, 3 undecided.

Examples:
  fibula why -f deploy/ frontend redis-cart:6379
  fibula why -f deploy/ frontend redis-cart:6379 --patch 1
  fibula why -f deploy/ web db:5432 --close";

pub(crate) const REACH_HELP: &str = "\
FROM and TO are sets: names as `trace` takes them, ns/shop, app=web (a label), 10.0.0.0/8, nodes, \
world, all; several with commas between them. TO can be a Service: who can use it?

Exit codes: 0 something is open, 1 nothing is, 2 cannot run, 3 undecided.

Examples:
  fibula reach -f deploy/
  fibula reach -f deploy/ ns/shop world
  fibula reach -f deploy/ all svc/shop/web --port 80
  fibula reach -f deploy/ -n shop --only in
  fibula reach -f deploy/ --only unused
  fibula reach -f deploy/ -o markdown=comment.md";

pub(crate) const CHECK_HELP: &str = "\
A file of promises:
  promises:
  - name: db-is-private
    to: db
    only-from: [web, ns/backup]
    because: card data
  - {from: world, reaches-only: [\"web:8080\"]}
  - {from: ns/dev, never-reaches: ns/prod}
  - {from: web, reaches: [\"svc/db:5432\", \"cache:6379\"]}

Names are as `reach` takes them (web, shop/web, deploy/web, node/n1, ns/shop, app=web, 10.0.0.0/8, world, \
nodes, all), pods, svc/web for a Service, or a mapping: {namespace: shop, labels: {app: web}}. `ports` \
are those of targets without one. Nodes are exempt from only-from unless some are listed (NP-32).

Exit codes: 0 all are kept, 1 some are broken, 2 cannot run or a promise makes no sense, 3 undecided.

Examples:
  fibula check -f deploy/
  fibula check promises.yaml -f deploy/ -o text -o github -o junit=promises.xml
  fibula check promises.yaml -f deploy/ --only written --all";

pub(crate) const DIFF_HELP: &str = "\
Pods are the same by workload, wherever they run and whatever their addresses are. What -f names is \
read with both.

Exit codes: 0 alike, 1 something opens or closes, 2 cannot run, 3 nobody knows.

Examples:
  fibula diff old/ new/
  fibula diff git:main...HEAD:deploy                what this branch changed
  fibula diff @kube --overlay deploy/               before kubectl apply
  fibula diff old/ new/ --exit-zero -o markdown=comment.md";

pub(crate) const VERIFY_HELP: &str = "\
Examples:
  fibula verify @k1
  fibula verify deploy/
  fibula verify @kube               the cluster that kubectl sees
  fibula verify git:main:deploy
  fibula verify @k1 --without R1    the article's own graph loops
  fibula graph -f @k1 -o json=net.json && fibula verify --network net.json";

pub(crate) const GRAPH_HELP: &str = "\
Examples:
  fibula graph -f @k1          the elements, and the tables that switches share
  fibula graph -f @k1 p1 n1    the FIBs of p1 and n1, written out
  fibula graph -f @k1 -o dot | dot -Tsvg > k1.svg
  fibula graph -f @k1 -o json=net.json";

pub(crate) const LAB_HELP: &str = "\
Needs Linux with user namespaces (or root) and the program nft; nothing stays behind, however it \
ends. Where a choice is open, the lab takes the first of its ways, and says so.

Examples:
  fibula lab check -f @k1                           do model and kernel agree?
  fibula lab run --in c1-1 -f @k1 -- ip route       a command inside a pod
  fibula lab shell n1 -f deploy/                    a shell at a node
  fibula lab show p1 -f @k1                         what is built, as text";

pub(crate) const LAB_CHECK_HELP: &str = "\
Exit codes: 0 they agree, 1 they differ, 2 cannot run.

Examples:
  fibula lab check -f @k1
  fibula lab check -f deploy/ --all -o json
  fibula lab check -f @k1 --kernel-without 'n1/next hop/10'   sees it differ";

pub(crate) const LAB_RUN_HELP: &str = "\
NAME is a pod, workload, node, container or world. The processes of the network answer meanwhile, and \
names of Services resolve where the pod asks the cluster for them. The exit code is the command's.

Examples:
  fibula lab run -f @k1 -- ping -c 1 10.0.2.1
  fibula lab run --in world -f deploy/ -- curl -s http://10.0.0.1:30080";

pub(crate) const DUMP_HELP: &str = "\
No Secrets, no ConfigMaps, no values of environments: of these only the names of variables, and with \
--with-env the addresses in them that mean something of the cluster (db:5432), which `check` and \
`reach` ask about. What may not be listed, or is of a kind that is not read, is noted: answers from \
the dump stay as careful.

Examples:
  fibula dump -o cluster.json.gz
  fibula dump @kube:prod -o prod.yaml --with-env
  fibula dump -f must-gather/ | fibula verify -";

pub(super) const LINT_HELP: &str = "\
Findings alone exit with 0: say --deny to fail on them. Each has an id in words, and a page by it: \
say `fibula explain same-port`. To switch one off:

  in an object    annotation fibula.dev/ignore: same-port
  in a namespace  the same on the Namespace, for all in it
  on a line       # fibula: ignore same-port    on it, or above it
  in fibula.toml  [lint] off = [\"same-port\"]
                  [lint.severity] same-port = \"error\"

Examples:
  fibula lint deploy/ --deny warning
  fibula lint deploy/ --only exposed,egress-without-dns";
