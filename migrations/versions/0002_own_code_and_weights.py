"""Own code: who may run it, who wrote it, what it gave; uploaded weights"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("memberships", sa.Column("code", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "code_authors",
        sa.Column("design_id", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["design_id"], ["designs.id"], name=op.f("fk_code_authors_design_id_designs"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_code_authors_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("design_id", "sha256", "user_id", name=op.f("pk_code_authors")),
    )
    op.create_table(
        "known_outcomes",
        sa.Column("design_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["design_id"], ["designs.id"], name=op.f("fk_known_outcomes_design_id_designs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("design_id", "key", name=op.f("pk_known_outcomes")),
    )
    op.create_table(
        "weights_files",
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("artifact", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("contents", sa.JSON(), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_weights_files_created_by_users")),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_weights_files_workspace_id_workspaces"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weights_files")),
    )
    op.create_index(op.f("ix_weights_files_workspace_id"), "weights_files", ["workspace_id"])


def downgrade() -> None:
    op.drop_table("weights_files")
    op.drop_table("known_outcomes")
    op.drop_table("code_authors")
    op.drop_column("memberships", "code")
