#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Downloads what the engines from Maven are made of, where it is not there yet: then they start without a network."""
import kafka
from launch import class_path
import opensearch

class_path(kafka.Kafka.name, *kafka.ARTIFACTS)
class_path(opensearch.OpenSearch.name, opensearch.RUNNER)
