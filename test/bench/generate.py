"""Documents that the benchmark makes for itself.

Everything here follows from a seed and nothing else, so that two machines
measure the same bytes.  Only Random.random() is used: its sequence is
promised not to change between versions of Python.

A document is a tree of dictionaries and lists shaped like a Kubernetes
CustomResourceDefinition: a deep OpenAPI schema of long descriptions, with
the same few blocks of fields repeated all over it.  Edits are made to the
tree, so that its JSON and its YAML text have the same history.
"""

import copy
import json
import random

WORDS = """
    the a of to in is and for be that by or with if field pod name this value
    container used not as volume when set must specified will from on are an
    list default it should label object node key can resource only at type
    selector which request more number optional time requirement policy
    secret matches server scheduling storage port response mount host path
    interval defines endpoint traffic supported instance contains cluster
    namespace domain limit topology affinity expression client certificate
    probe seconds provisioned replica terminated consistent allow reference
""".split()

FIELDS = """
    name namespace image command args workingDir ports env resources
    volumeMounts livenessProbe readinessProbe startupProbe lifecycle
    imagePullPolicy securityContext stdin tty affinity tolerations
    nodeSelector topologySpreadConstraints priorityClassName serviceAccount
    replicas shards retention storage volumes secrets configMaps listenLocal
    containers initContainers externalUrl routePrefix evaluationInterval
    scrapeInterval logLevel logFormat remoteWrite remoteRead ruleSelector
    podMetadata labels annotations tlsConfig basicAuth oauth2 authorization
    proxyUrl followRedirects relabelings metricRelabelings sampleLimit
    targetLimit labelLimit bodySizeLimit queueConfig metadataConfig headers
    timeout interval path scheme params honorLabels honorTimestamps
    enforcedNamespaceLabel alertmanagers apiVersion pathPrefix cert ca
    keySecret insecureSkipVerify serverName minVersion maxVersion weight
    preference matchExpressions matchFields operator values topologyKey
    namespaceSelector labelSelector mismatchLabelKeys matchLabelKeys
    maxSkew minDomains whenUnsatisfiable hostAliases dnsPolicy dnsConfig
    webTLS httpConfig http2 maxConnections pageTitle hostNetwork arbitrary
""".split()


class Source:
    """Random choices out of Random.random() alone."""

    def __init__(self, seed):
        self.random = random.Random(seed).random

    def below(self, n):
        return int(self.random() * n)

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def pick(self, items):
        return items[self.below(len(items))]

    def shuffle(self, items):
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]

    def sentence(self, words):
        text = " ".join(self.pick(WORDS) for _ in range(words))
        return text[0].upper() + text[1:] + "."

    def description(self):
        return "\n".join(self.sentence(self.between(6, 14))
                         for _ in range(self.between(1, 4)))


# ---- the tree -----------------------------------------------------------

def scalar_schema(source):
    kind = source.pick(["string", "string", "string", "integer", "boolean"])
    schema = {"description": source.description(), "type": kind}
    if kind == "integer":
        schema["format"] = source.pick(["int32", "int64"])
    if kind == "string" and source.below(6) == 0:
        schema["enum"] = sorted({source.pick(FIELDS) for _ in range(3)})
    return schema


def object_schema(source, depth):
    properties = {}
    for _ in range(source.between(2, 6)):
        properties[source.pick(FIELDS)] = any_schema(source, depth - 1)
    schema = {"description": source.description(),
              "properties": properties, "type": "object"}
    if source.below(2) == 0:
        schema["required"] = sorted(properties)[:source.between(1, 2)]
    return schema


def any_schema(source, depth):
    """A schema at most `depth` deep: a scalar, an object, or a list of one."""
    if depth <= 0 or source.below(3) == 0:
        return scalar_schema(source)
    if source.below(4) == 0:
        return {"description": source.description(),
                "items": object_schema(source, depth),
                "type": "array", "x-kubernetes-list-type": "atomic"}
    return object_schema(source, depth)


def repetitive_schema(source, terms):
    """A block of few different lines many times over, as affinity rules are:
    what makes inserted blocks hard to place."""
    def requirement():
        return {"description": "A requirement of keys and values.",
                "properties": {
                    "key": {"description": "The key that it applies to.",
                            "type": "string"},
                    "operator": {"description": "The operator.",
                                 "type": "string"},
                    "values": {"description": "The values.",
                               "items": {"type": "string"},
                               "type": "array",
                               "x-kubernetes-list-type": "atomic"}},
                "required": ["key", "operator"],
                "type": "object"}
    properties = {}
    for i in range(terms):
        properties["term%02d" % i if source.below(2) else
                   "%sTerm%02d" % (source.pick(FIELDS), i)] = {
            "items": requirement(), "type": "array",
            "x-kubernetes-list-type": "atomic"}
    return {"description": "The terms are ORed.", "properties": properties,
            "type": "object", "x-kubernetes-map-type": "atomic"}


def crd(source, size):
    """A definition whose indented JSON is about `size` bytes."""
    properties = {}
    have = 0
    i = 0
    while have < size * 0.9:
        if i % 5 == 4:
            schema = repetitive_schema(source, source.between(3, 12))
        else:
            schema = any_schema(source, 6)
        properties["%s%02d" % (source.pick(FIELDS), i)] = schema
        # Deeper in the document every line has 20 more bytes of indent.
        text = json.dumps(schema, indent=2)
        have += len(text) + 24 * text.count("\n")
        i += 1
    return {"apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {
                "annotations": {"controller-gen.kubebuilder.io/version":
                                "v0.15.0", "bench.example/version": "1"},
                "name": "widgets.bench.example"},
            "spec": {
                "group": "bench.example",
                "names": {"kind": "Widget", "listKind": "WidgetList",
                          "plural": "widgets", "singular": "widget"},
                "scope": "Namespaced",
                "versions": [{
                    "name": "v1",
                    "schema": {"openAPIV3Schema": {
                        "properties": {"spec": {"properties": properties,
                                                "type": "object"}},
                        "type": "object"}},
                    "served": True, "storage": True}]}}


def spec_of(document):
    schema = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema["properties"]["spec"]["properties"]


def schemas(document):
    """Every schema below the spec, in order, as (parent properties, key)."""
    found = []

    def walk(properties):
        for key in sorted(properties):
            schema = properties[key]
            found.append((properties, key))
            while "items" in schema:
                schema = schema["items"]
            if "properties" in schema:
                walk(schema["properties"])
    walk(spec_of(document))
    return found


# ---- edits --------------------------------------------------------------

def edit_some(source, document, count):
    """Makes `count` small edits: a description reworded, a field added,
    removed or retyped."""
    places = schemas(document)
    for _ in range(count):
        properties, key = source.pick(places)
        if key not in properties:
            continue            # an earlier edit took it away
        schema = properties[key]
        what = source.below(10)
        if what < 6 and "description" in schema:
            lines = schema["description"].split("\n")
            lines[source.below(len(lines))] = \
                source.sentence(source.between(6, 14))
            schema["description"] = "\n".join(lines)
        elif what < 8:
            properties[source.pick(FIELDS) + "V2"] = scalar_schema(source)
        elif what < 9 and "properties" not in schema and "items" not in schema:
            del properties[key]
        else:
            schema["x-kubernetes-validations-%d" % source.below(100)] = "set"


def bump(document, version):
    document["metadata"]["annotations"]["bench.example/version"] = version


def history(seed, size, versions, edits):
    """`versions` successive trees; between two of them about `edits` small
    edits were made."""
    source = Source(seed)
    document = crd(source, size)
    result = [document]
    for i in range(1, versions):
        document = copy.deepcopy(document)
        bump(document, "1.%d" % i)
        edit_some(source, document, source.between(1, 2 * edits - 1))
        result.append(document)
    return result


def block_history(seed, size, versions, low, high):
    """Trees where each has one block of low..high repetitive YAML lines that
    the one before has not, and a few small edits."""
    source = Source(seed)
    document = crd(source, size)
    result = [document]
    for i in range(1, versions):
        document = copy.deepcopy(document)
        bump(document, "2.%d" % i)
        # One term of a repetitive schema is 20 lines of YAML.
        block = repetitive_schema(source, source.between(low, high) // 20)
        properties, _ = source.pick(schemas(document))
        properties["%sBlock%d" % (source.pick(FIELDS), i)] = block
        edit_some(source, document, 3)
        result.append(document)
    return result


# ---- text ---------------------------------------------------------------

def to_json(document):
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def yaml_scalar(value):
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        plain = value and all(c.isalnum() or c in "-_./" for c in value)
        if plain and not value[0].isdigit():
            return value
        return json.dumps(value)
    return json.dumps(value)


def yaml_lines(value, indent, out):
    pad = "  " * indent
    if isinstance(value, dict):
        for key in sorted(value):
            item = value[key]
            if isinstance(item, dict) and item:
                out.append(pad + key + ":")
                yaml_lines(item, indent + 1, out)
            elif isinstance(item, list) and item:
                out.append(pad + key + ":")
                yaml_lines(item, indent, out)
            elif isinstance(item, str) and ("\n" in item or len(item) > 60):
                out.append(pad + key + ": |-")
                out.extend(pad + "  " + line for line in item.split("\n"))
            else:
                out.append(pad + key + ": " + yaml_scalar(item))
    else:
        for item in value:
            if isinstance(item, dict):
                inner = []
                yaml_lines(item, indent + 1, inner)
                inner[0] = pad + "- " + inner[0][len(pad) + 2:]
                out.extend(inner)
            else:
                out.append(pad + "- " + yaml_scalar(item))


def to_yaml(document):
    out = ["---"]
    yaml_lines(document, 0, out)
    return "\n".join(out) + "\n"


# ---- the pair of the story ----------------------------------------------

def story_pair():
    """Two versions of a Deployment of 119 lines, ten of which differ: an
    ordinary release of an ordinary service, in indented JSON."""
    def deployment(release):
        labels = {"app": "orders-api", "component": "web",
                  "part-of": "storefront"}

        def probe(path):
            return {"httpGet": {"path": path, "port": "http"},
                    "initialDelaySeconds": 5, "periodSeconds": 10,
                    "timeoutSeconds": release["timeout"]}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "annotations": {
                    "bench.example/description":
                    "Takes orders from the storefront, checks them against"
                    " stock and credit, and hands them to fulfilment.",
                    "deployment.kubernetes.io/revision": release["revision"]},
                "generation": release["generation"],
                "labels": labels,
                "name": "orders-api",
                "namespace": "storefront",
                "resourceVersion": release["resource_version"]},
            "spec": {
                "replicas": release["replicas"],
                "selector": {"matchLabels": {"app": "orders-api"}},
                "strategy": {"rollingUpdate": {"maxSurge": "25%",
                                               "maxUnavailable": 0},
                             "type": "RollingUpdate"},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "containers": [{
                            "env": [
                                {"name": "LOG_LEVEL", "value": "info"},
                                {"name": "ORDERS_TOPIC", "value":
                                 "storefront.orders.created.v2,storefront."
                                 "orders.cancelled.v2,storefront.orders."
                                 "returned.v1,storefront.orders.paid.v3"},
                                {"name": "DATABASE_POOL_SIZE",
                                 "value": release["pool"]}],
                            "image": "registry.storefront.example/backend/orders-api:"
                                     + release["image"],
                            "imagePullPolicy": "IfNotPresent",
                            "livenessProbe": probe("/healthz"),
                            "name": "web",
                            "ports": [{"containerPort": 8080,
                                       "name": "http",
                                       "protocol": "TCP"}],
                            "readinessProbe": probe("/ready"),
                            "resources": {
                                "limits": {"memory": release["memory"]},
                                "requests": {"cpu": "250m",
                                             "memory": "256Mi"}},
                            "securityContext": {
                                                                "readOnlyRootFilesystem": True}}],
                        "serviceAccountName": "orders-api-workload-identity",
                        "terminationGracePeriodSeconds": 30}}},
            "status": {
                "conditions": [{
                    "lastTransitionTime": "2024-03-05T09:12:44Z",
                    "message": "Deployment orders-api in namespace storefront"
                               " has the minimum number"
                               " of available replicas that its rollout"
                               " strategy asks for.",
                    "reason": "MinimumReplicasAvailable",
                    "status": "True",
                    "type": "Available"}],
                "availableReplicas": 3,
                "observedGeneration": release["generation"],
                "readyReplicas": 3}}
    old = deployment({"revision": "17", "generation": 17, "replicas": 3,
                      "resource_version": "48213377", "image": "1.42.0",
                      "memory": "512Mi", "timeout": 2, "pool": "20"})
    new = deployment({"revision": "18", "generation": 18, "replicas": 4,
                      "resource_version": "48297105", "image": "1.43.1",
                      "memory": "768Mi", "timeout": 3, "pool": "25"})
    return to_json(old), to_json(new)


if __name__ == "__main__":
    a, b = story_pair()
    changed = sum(x != y for x, y in zip(a.split("\n"), b.split("\n")))
    print("story: %d lines, %d bytes, %d changed"
          % (a.count("\n"), len(a), changed))
