# The messages: model/proto/*.proto -> $(GENERATED)/model/*.pb-c.[ch], and a
# FileDescriptorSet for reflection, MODEL_DESCRIPTORS.  Included by
# gateway/Makefile, which compiles GENERATED_C after making GENERATED_H.

PROTOC ?= protoc

PROTO_DIR = model/proto
PROTO_FILES = $(sort $(wildcard $(PROTO_DIR)/*.proto))
QDRANT_PROTOS = $(filter-out %/health_check.proto,$(PROTO_FILES))
PROTO_OUT = $(GENERATED)/model
PROTOBUF_C_INCLUDE := $(shell pkg-config --variable=includedir libprotobuf-c)

MODEL_NAMES = qdrant health timestamp
GENERATED_H += $(MODEL_NAMES:%=$(PROTO_OUT)/%.pb-c.h)
GENERATED_C += $(MODEL_NAMES:%=$(PROTO_OUT)/%.pb-c.c)
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

$(MODEL_DESCRIPTORS): $(PROTO_FILES)
	@mkdir -p $(@D)
	$(PROTOC) -I$(PROTO_DIR) --include_imports --descriptor_set_out=$@ $^

# Intermediate files are kept: they are what one reads when something is odd.
.SECONDARY: $(PROTO_TREE_FILES)
