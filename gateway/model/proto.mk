# The messages: model/proto/*.proto -> $(BUILD)/model/*.pb-c.[ch].  Included by
# gateway/Makefile, which sets BUILD and compiles with -I. -I$(BUILD).  What it
# gives: MODEL_HEADERS (to be made before anything is compiled) and MODEL_OBJS
# (to be linked), MODEL_DESCRIPTORS (a FileDescriptorSet for reflection).

BUILD ?= build
PROTOC ?= protoc

PROTO_DIR = model/proto
PROTO_FILES = $(sort $(wildcard $(PROTO_DIR)/*.proto))
QDRANT_PROTOS = $(filter-out %/health_check.proto,$(PROTO_FILES))
PROTO_OUT = $(BUILD)/model
PROTOBUF_C_INCLUDE := $(shell pkg-config --variable=includedir libprotobuf-c)

MODEL_NAMES = qdrant health timestamp
MODEL_HEADERS = $(MODEL_NAMES:%=$(PROTO_OUT)/%.pb-c.h)
MODEL_SOURCES = $(MODEL_NAMES:%=$(PROTO_OUT)/%.pb-c.c)
MODEL_OBJS = $(MODEL_NAMES:%=$(PROTO_OUT)/%.pb-c.o)
MODEL_DESCRIPTORS = $(PROTO_OUT)/descriptors.bin

# Step 1: files that protoc-gen-c takes, in a tree of their own.
PROTO_TREE = $(PROTO_OUT)/proto

$(PROTO_TREE)/qdrant.proto: $(QDRANT_PROTOS) model/p3c.awk
	@mkdir -p $(@D)
	awk -v stage=proto -v package=qdrant -f model/p3c.awk \
		pass=1 $(QDRANT_PROTOS) pass=2 $(QDRANT_PROTOS) > $@.tmp
	mv $@.tmp $@

$(PROTO_TREE)/health.proto: $(PROTO_DIR)/health_check.proto model/p3c.awk
	@mkdir -p $(@D)
	awk -v stage=proto -v package=grpc.health.v1 -f model/p3c.awk \
		pass=1 $< pass=2 $< > $@.tmp
	mv $@.tmp $@

$(PROTO_TREE)/google/protobuf/timestamp.proto: $(PROTO_DIR)/google/protobuf/timestamp.proto
	@mkdir -p $(@D)
	cp $< $@

# Step 2: protoc-gen-c; the raw output stays beside the tree.
PROTO_RAW = $(PROTO_OUT)/raw
PROTO_TREE_FILES = $(addprefix $(PROTO_TREE)/,qdrant.proto health.proto \
	google/protobuf/timestamp.proto)

$(PROTO_RAW)/done: $(PROTO_TREE_FILES)
	@mkdir -p $(@D)
	$(PROTOC) --c_out=$(@D) -I$(PROTO_TREE) -I$(PROTOBUF_C_INCLUDE) \
		$(PROTO_TREE_FILES)
	mv $(@D)/google/protobuf/timestamp.pb-c.[ch] $(@D)
	touch $@

# Step 3: optional fields as protobuf-c means them.
$(PROTO_OUT)/%.pb-c.h: $(PROTO_RAW)/done model/p3c.awk
	sed 's|"google/protobuf/timestamp.pb-c.h"|"model/timestamp.pb-c.h"|; /protobuf-c.pb-c.h/d' \
		$(PROTO_RAW)/$*.pb-c.h | awk -v stage=h -f model/p3c.awk > $@.tmp
	mv $@.tmp $@

$(PROTO_OUT)/%.pb-c.c: $(PROTO_RAW)/done model/p3c.awk
	sed 's|^#include "\(.*/\)*\([a-z]*.pb-c.h\)"|#include "model/\2"|' \
		$(PROTO_RAW)/$*.pb-c.c | awk -v stage=c -f model/p3c.awk > $@.tmp
	mv $@.tmp $@

# Generated code is compiled without our warnings.
$(PROTO_OUT)/%.pb-c.o: $(PROTO_OUT)/%.pb-c.c $(MODEL_HEADERS)
	$(CC) -O1 -g $(MODEL_CFLAGS) -I$(BUILD) -c -o $@ $<

$(MODEL_DESCRIPTORS): $(PROTO_FILES)
	@mkdir -p $(@D)
	$(PROTOC) -I$(PROTO_DIR) --include_imports --descriptor_set_out=$@ $^

# Intermediate files are kept: they are what one reads when something is odd.
.SECONDARY: $(MODEL_SOURCES) $(MODEL_HEADERS) $(PROTO_TREE_FILES)
