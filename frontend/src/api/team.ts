import { useMutation, useQuery } from "@tanstack/react-query";
import { answer, api } from "./client";
import { keys, queryClient } from "./queryClient";
import type { Role } from "./types";

const of = (id: string) => ({ params: { path: { design_id: id } } });

function refresh(id: string): void {
  void queryClient.invalidateQueries({ queryKey: keys.shares(id) });
}

/** The people and links that a design is shared with. */
export function useShares(id: string, enabled = true) {
  return useQuery({
    queryKey: keys.shares(id),
    queryFn: () => answer(api.GET("/api/designs/{design_id}/shares", of(id))),
    enabled,
  });
}

export function useShareWithPerson(id: string) {
  return useMutation({
    mutationFn: ({ user, role }: { user: string; role: Exclude<Role, "owner"> }) =>
      answer(
        api.PUT("/api/designs/{design_id}/shares/people/{user_id}", {
          params: { path: { design_id: id, user_id: user } },
          body: { role },
        }),
      ),
    onSuccess: () => refresh(id),
  });
}

export function useUnsharePerson(id: string) {
  return useMutation({
    mutationFn: (user: string) =>
      answer(
        api.DELETE("/api/designs/{design_id}/shares/people/{user_id}", {
          params: { path: { design_id: id, user_id: user } },
        }),
      ),
    onSuccess: () => refresh(id),
  });
}

/** Make a view-only link; its address is shown this once. */
export function useCreateLink(id: string) {
  return useMutation({
    mutationFn: () => answer(api.POST("/api/designs/{design_id}/shares/links", of(id))),
    onSuccess: () => refresh(id),
  });
}

export function useRevokeLink(id: string) {
  return useMutation({
    mutationFn: (link: string) =>
      answer(
        api.DELETE("/api/designs/{design_id}/shares/links/{link_id}", {
          params: { path: { design_id: id, link_id: link } },
        }),
      ),
    onSuccess: () => refresh(id),
  });
}
