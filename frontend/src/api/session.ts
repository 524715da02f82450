import { useMutation, useQuery } from "@tanstack/react-query";
import { answer, api } from "./client";
import { keys, queryClient } from "./queryClient";

/** Who is signed in: a user of a workspace, the visitor of a share link, or nobody. */
export function useSession() {
  return useQuery({
    queryKey: keys.session,
    queryFn: () => answer(api.GET("/api/session")),
    staleTime: 60_000,
  });
}

/** Whether a share link brought this person: they see one design and its runs, and nothing else of the workspace. */
export function useIsVisitor(): boolean {
  return useSession().data?.user === null;
}

/** Everybody in the workspace. */
export function usePeople(enabled = true) {
  return useQuery({ queryKey: keys.people, queryFn: () => answer(api.GET("/api/people")), enabled });
}

export function useSignOut() {
  return useMutation({
    mutationFn: () => answer(api.POST("/api/session/sign-out")),
    onSuccess: () => {
      queryClient.clear();
      window.location.assign("/");
    },
  });
}
